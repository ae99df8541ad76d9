package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SocketFetcherTest extends FetcherContract {
    private final List<EventLoop> loops = new ArrayList<>();

    @Override
    Fetcher create(HttpSettings settings, ExecutorService threads, Clock clock) {
        EventLoop io = new EventLoop(new ScrapeSchedule(clock));
        loops.add(io);
        return create(settings, threads, io);
    }

    private Fetcher create(HttpSettings settings, ExecutorService threads, EventLoop io) {
        ConnectionAge age = new ConnectionAge(settings, io.clock());
        HttpClientFetcher secure = new HttpClientFetcher(settings, threads, buffers, age);
        return new SocketFetcher(settings, io, threads, buffers, age, secure);
    }

    @Test
    void jobsShareConnectionsAndEachKnowsHowOldOnesItTakes() {
        ManualClock clock = new ManualClock();
        EventLoop io = new EventLoop(new ScrapeSchedule(clock));
        loops.add(io);
        ExecutorService threads = DaemonThreads.cached("fetcher-test");
        Fetcher picky = create(
                HttpSettings.builder().maxConnectionAge(Duration.ofMinutes(1)).build(), threads, io);
        Fetcher patient =
                create(HttpSettings.builder().maxConnectionAge(Duration.ZERO).build(), threads, io);
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            fetch(picky, target.uri(), Map.of()).text();
            clock.advance(Duration.ofMinutes(2));
            fetch(patient, target.uri(), Map.of()).text();
            assertThat(target.connectionCount()).isEqualTo(1);
            fetch(picky, target.uri(), Map.of()).text();
            assertThat(target.connectionCount()).isEqualTo(2);
            clock.advance(Duration.ofMinutes(4));
            fetch(patient, target.uri(), Map.of()).text();
            assertThat(target.connectionCount()).isEqualTo(2);
        } finally {
            threads.shutdownNow();
        }
    }

    @AfterEach
    void closeSockets() {
        loops.forEach(EventLoop::close);
    }
}
