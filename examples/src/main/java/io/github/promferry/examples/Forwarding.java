package io.github.promferry.examples;

import io.github.promferry.SampleSink;
import io.github.promferry.examples.config.ForwarderConfig;
import io.github.promferry.examples.web.StatusSource;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriterStats;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.engine.EngineMonitor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The running parts of a configuration: a writer for each endpoint, a scraper for each source. */
final class Forwarding {
    private final Map<String, RemoteWriter> writers = new LinkedHashMap<>();
    private final Map<String, Scraper> scrapers = new LinkedHashMap<>();
    private final List<EngineMonitor> monitors = new ArrayList<>();

    /**
     * Builds the parts; nothing runs yet.
     *
     * @param engines what to do with the metrics of engines
     * @param shard which of the targets are scraped
     * @param watchEngines whether to look at engines, for the status page
     */
    Forwarding(ForwarderConfig config, EngineOptions engines, ShardOptions shard, boolean watchEngines) {
        for (RemoteWriteConfig endpoint : config.endpoints()) {
            writers.put(endpoint.name(), RemoteWriter.create(endpoint));
        }
        for (ForwarderConfig.Source source : config.sources()) {
            List<RemoteWriter> sinks =
                    source.endpoints().stream().map(writers::get).toList();
            SampleSink sink = engines.applyTo(FanOut.of(sinks));
            if (watchEngines) {
                EngineMonitor monitor = EngineMonitor.builder()
                        .forwardTo(sink)
                        .catalog(engines.catalog())
                        .build();
                monitors.add(monitor);
                sink = monitor;
            }
            Scraper.Builder scraper = Scraper.builder().sink(sink).externalLabels(source.externalLabels());
            List<ScrapeJob> jobs = scrapers.isEmpty() ? engines.withEngines(source.jobs()) : source.jobs();
            for (ScrapeJob job : jobs) {
                scraper.job(shard.applyTo(engines.applyTo(job)));
            }
            scrapers.put(source.name(), scraper.build());
        }
    }

    void start() {
        // The first page is fetched and encoded while writers to https make their clients, which takes as long again.
        scrapers.values().forEach(Scraper::start);
        writers.values().forEach(RemoteWriter::start);
    }

    /** What the status page shows. */
    StatusSource status() {
        return new StatusSource(scrapers, writers, monitors);
    }

    /**
     * Stops scraping, then sends what waits, until the deadline.
     *
     * @param deadline for all parts together
     * @return what became of the samples, a line for each endpoint
     */
    List<String> stop(Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        // A scrape in flight may take half of the time; the rest is for what is already here.
        scrapers.values().forEach(scraper -> scraper.close(left(end).dividedBy(2)));
        List<Thread> closing = writers.values().stream()
                .map(writer -> new Thread(() -> writer.close(left(end)), "promferry-forwarder-close"))
                .toList();
        // Side by side: an endpoint that is down must not use up the time of the others.
        closing.forEach(Thread::start);
        for (Thread thread : closing) {
            try {
                thread.join(left(end).toMillis() + 1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        return outcome();
    }

    private List<String> outcome() {
        List<String> lines = new ArrayList<>();
        writers.forEach((name, writer) -> lines.add("endpoint " + name + ": " + outcome(writer.stats())));
        return lines;
    }

    static String outcome(WriterStats stats) {
        long lost = stats.droppedTotal() + stats.waiting() + stats.refused();
        String line = stats.delivered() + " samples delivered, " + lost + " not delivered";
        if (lost == 0) {
            return line;
        }
        Map<String, Long> reasons = new LinkedHashMap<>(stats.dropped());
        reasons.put(stats.spoolBytes() > 0 ? "waiting in the spool" : "still waiting", stats.waiting());
        reasons.put("refused by the full queue", stats.refused());
        return line
                + reasons.entrySet().stream()
                        .filter(reason -> reason.getValue() > 0)
                        .map(reason -> reason.getKey() + " " + reason.getValue())
                        .collect(Collectors.joining(", ", " (", ")"));
    }

    private static Duration left(long endNanos) {
        return Duration.ofNanos(Math.max(0, endNanos - System.nanoTime()));
    }
}
