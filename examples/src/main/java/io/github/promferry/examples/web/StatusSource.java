package io.github.promferry.examples.web;

import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.Scraper;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is shown. The parts belong to the caller and are only read.
 *
 * @param scrapers by the name of their source
 * @param writers by the name of their endpoint
 */
public record StatusSource(Map<String, Scraper> scrapers, Map<String, RemoteWriter> writers) {
    /**
     * Copies the maps and keeps their order.
     *
     * @param scrapers by the name of their source
     * @param writers by the name of their endpoint
     */
    public StatusSource {
        scrapers = Collections.unmodifiableMap(new LinkedHashMap<>(scrapers));
        writers = Collections.unmodifiableMap(new LinkedHashMap<>(writers));
    }
}
