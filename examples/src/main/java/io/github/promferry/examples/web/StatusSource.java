package io.github.promferry.examples.web;

import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.engine.EngineMonitor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is shown. The parts belong to the caller and are only read.
 *
 * @param scrapers by the name of their source
 * @param writers by the name of their endpoint
 * @param monitors who know how engines are doing
 */
public record StatusSource(
        Map<String, Scraper> scrapers, Map<String, RemoteWriter> writers, List<EngineMonitor> monitors) {
    /**
     * Copies maps and list and keeps their order.
     *
     * @param scrapers by the name of their source
     * @param writers by the name of their endpoint
     * @param monitors who know how engines are doing
     */
    public StatusSource {
        scrapers = Collections.unmodifiableMap(new LinkedHashMap<>(scrapers));
        writers = Collections.unmodifiableMap(new LinkedHashMap<>(writers));
        monitors = List.copyOf(monitors);
    }
}
