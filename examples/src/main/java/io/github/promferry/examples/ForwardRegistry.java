package io.github.promferry.examples;

import io.github.promferry.clientjava.RegistrySource;
import io.github.promferry.clientjava.SourceCollector;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.net.URI;
import java.time.Duration;

/**
 * Forward a service's own client_java registry, without a page, and show what the library counts of itself in it. Usage:
 * {@code ForwardRegistry RECEIVER}, such as {@code http://127.0.0.1:9090/api/v1/write}.
 */
public final class ForwardRegistry {
    private ForwardRegistry() {}

    /**
     * Forwards for a minute.
     *
     * @param args the receiver's URL
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        PrometheusRegistry registry = new PrometheusRegistry();
        Collector ownMetric = ForwardRegistry::freeMemory;
        registry.register(ownMetric);

        RemoteWriter writer = RemoteWriter.create(
                RemoteWriteConfig.builder(URI.create(args[0])).build());
        registry.register(SourceCollector.of(writer.metrics()));
        Scraper scraper = Scraper.builder()
                .sink(writer)
                .job(ScrapeJob.builder("service")
                        .source(RegistrySource.of(registry))
                        .interval(Duration.ofSeconds(1))
                        .build())
                .build();
        writer.start();
        scraper.start();
        Thread.sleep(Duration.ofMinutes(1).toMillis());
        scraper.close();
        writer.close(Duration.ofSeconds(5));
    }

    private static GaugeSnapshot freeMemory() {
        return GaugeSnapshot.builder()
                .name("free_memory_bytes")
                .help("Free memory of the virtual machine.")
                .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .value((double) Runtime.getRuntime().freeMemory())
                        .build())
                .build();
    }
}
