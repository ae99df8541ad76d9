package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.AfterEach;

class SocketFetcherTest extends FetcherContract {
    private final EventLoop io = new EventLoop(new ScrapeSchedule(Clock.SYSTEM));

    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads) {
        return new SocketFetcher(settings, io, threads, buffers, new HttpClientFetcher(settings, threads, buffers));
    }

    @AfterEach
    void closeSockets() {
        io.close();
    }
}
