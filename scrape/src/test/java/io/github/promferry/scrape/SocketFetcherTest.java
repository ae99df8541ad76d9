package io.github.promferry.scrape;

import io.github.promferry.http.HttpSettings;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.AfterEach;

class SocketFetcherTest extends FetcherContract {
    private final SocketIo io = new SocketIo();

    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads) {
        return new SocketFetcher(settings, io, threads, buffers, new HttpClientFetcher(settings, threads, buffers));
    }

    @AfterEach
    void closeSockets() {
        io.close();
    }
}
