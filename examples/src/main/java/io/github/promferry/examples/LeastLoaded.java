package io.github.promferry.examples;

import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.scrape.engine.EngineSignals;
import io.github.promferry.scrape.engine.ServingState;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * What a gateway or an autoscaler does with live signals: scrape engines every second, send the next request to the one
 * with the least to do, leave those alone that cannot take any, and tell when all have enough. No store is asked, and the
 * samples go nowhere else. Usage: {@code LeastLoaded TARGET...}, such as {@code 10.0.0.7:8000 10.0.0.8:30000}.
 */
public final class LeastLoaded {
    private static final Set<ServingState> TAKES_REQUESTS =
            EnumSet.of(ServingState.IDLE, ServingState.SERVING, ServingState.SATURATED);

    private LeastLoaded() {}

    /**
     * Prints for a minute where to send requests, and every change of an engine's state.
     *
     * @param args the engines, {@code host:port}
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        EngineMonitor monitor = EngineMonitor.builder()
                .window(Duration.ofSeconds(10))
                .patience(Duration.ofSeconds(3))
                .listener((now, before) -> System.out.println(instance(now) + " was " + before + ", is " + now.state()))
                .build();
        ScrapeJob.Builder job = ScrapeJob.builder("llm").interval(Duration.ofSeconds(1));
        for (String target : args) {
            job.target(target);
        }
        try (Scraper scraper = Scraper.builder().sink(monitor).job(job.build()).build()) {
            scraper.start();
            for (int second = 0; second < 60; second++) {
                Thread.sleep(1000);
                System.out.println(
                        leastLoaded(monitor).map(LeastLoaded::describe).orElse("no engine takes requests"));
            }
        }
    }

    /** Fewest requests for the work that it gets done; those that are full only if all are. */
    private static Optional<EngineSignals> leastLoaded(EngineMonitor monitor) {
        return monitor.all().stream()
                .filter(engine -> TAKES_REQUESTS.contains(engine.state()))
                .min(Comparator.comparing((EngineSignals engine) -> engine.state() == ServingState.SATURATED)
                        .thenComparingDouble(engine -> load(engine)));
    }

    /** Requests there, those that wait counted twice: each of them holds up the next one for the whole of its prefill. */
    private static double load(EngineSignals engine) {
        return engine.total().running() + 2 * engine.total().waiting();
    }

    private static String describe(EngineSignals engine) {
        String advice = engine.state() == ServingState.SATURATED ? " (all are full: start another one)" : "";
        return "next: " + instance(engine) + advice + ", " + engine.total();
    }

    private static String instance(EngineSignals engine) {
        return String.valueOf(engine.target().get("instance"));
    }
}
