package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.Test;

class RoutedFetcherTest {
    @Test
    void plainTargetsAreAskedThroughTheProxyOfTheJob() {
        ExecutorService threads = DaemonThreads.cached("fetcher-test");
        EventLoop io = new EventLoop(new ScrapeSchedule(Clock.SYSTEM));
        try (ScriptedTarget proxy = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            HttpSettings settings = HttpSettings.builder()
                    .proxy(URI.create("http://" + proxy.hostPort()))
                    .build();
            Fetcher fetcher = new RoutedFetcher(settings, io, threads, new PageBuffers(1));
            CompletableFuture<String> outcome = new CompletableFuture<>();
            fetcher.fetch(
                    new Fetcher.Request(URI.create("http://engine.invalid:8000/metrics"), Map.of(), 1000),
                    new Fetcher.Receiver() {
                        @Override
                        public void arrived(Fetcher.Page page) {
                            outcome.complete("arrived");
                        }

                        @Override
                        public void failed(ScrapeFailure failure) {
                            outcome.complete(failure.message());
                        }
                    });
            assertThat(outcome.join()).isEqualTo("arrived");
            assertThat(proxy.requests().get(0).target()).isEqualTo("http://engine.invalid:8000/metrics");
        } finally {
            io.close();
            threads.shutdownNow();
        }
    }
}
