package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RoutedFetcherTest {
    @Test
    void plainTargetsAreAskedThroughTheProxyOfTheJob() {
        try (ScriptedTarget proxy = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            HttpSettings settings = HttpSettings.builder()
                    .proxy(URI.create("http://" + proxy.hostPort()))
                    .build();
            assertThat(outcome(settings, "http://engine.invalid:8000/metrics")).isEqualTo("arrived");
            assertThat(proxy.requests().get(0).target()).isEqualTo("http://engine.invalid:8000/metrics");
        }
    }

    /** Common in Docker networks, and no host to {@code java.net.URI}. */
    @Test
    void underscoresInHostsAreTakenByHttpAndNamedAsTheReasonByHttps() {
        assertThat(outcome(HttpSettings.DEFAULTS, "http://my_engine.invalid:8000/metrics"))
                .isEqualTo("host my_engine.invalid is not known");
        assertThat(outcome(HttpSettings.DEFAULTS, "https://my_engine.invalid:8000/metrics"))
                .isEqualTo("java.net.http, which https and proxies need, takes no host such as my_engine.invalid:8000"
                        + " (an underscore is one reason): give the target another name or its address");
    }

    private static String outcome(HttpSettings settings, String page) {
        ExecutorService threads = DaemonThreads.cached("fetcher-test");
        EventLoop io = new EventLoop(new ScrapeSchedule(Clock.SYSTEM));
        try {
            Fetcher fetcher = new RoutedFetcher(settings, io, threads, new PageBuffers(1));
            CompletableFuture<String> outcome = new CompletableFuture<>();
            fetcher.fetch(
                    new Fetcher.Request(URI.create(page), Map.of(), 1000, Duration.ofSeconds(20)),
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
            return outcome.orTimeout(20, TimeUnit.SECONDS).join();
        } finally {
            io.close();
            threads.shutdownNow();
        }
    }
}
