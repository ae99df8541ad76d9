package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.AfterEach;

class SocketFetcherTest extends FetcherContract {
    private final List<EventLoop> loops = new ArrayList<>();

    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads, Duration maxConnectionAge) {
        EventLoop io = new EventLoop(new ScrapeSchedule(Clock.SYSTEM), maxConnectionAge);
        loops.add(io);
        HttpClientFetcher secure = new HttpClientFetcher(settings, threads, buffers);
        return new SocketFetcher(settings, io, threads, buffers, secure);
    }

    @AfterEach
    void closeSockets() {
        loops.forEach(EventLoop::close);
    }
}
