package io.github.promferry.examples.config;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.discovery.DnsDiscovery;
import io.github.promferry.scrape.discovery.DnsDiscovery.RecordType;
import io.github.promferry.scrape.discovery.FileDiscovery;
import io.github.promferry.scrape.discovery.HttpDiscovery;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;

/** Reads what finds the targets of a job: files, servers, DNS. */
final class DiscoveryBlock {
    static final KeyTable FILE = KeyTable.of("file_sd_configs[]").used("files", "refresh_interval");

    static final KeyTable HTTP =
            KeyTable.of("http_sd_configs[]").used("url", "refresh_interval").and(HttpClientBlock.KEYS);

    static final KeyTable DNS = KeyTable.of("dns_sd_configs[]").used("names", "type", "port", "refresh_interval");

    private DiscoveryBlock() {}

    /** Adds the discoveries of a job. */
    static void fill(ScrapeJob.Builder job, Block block) {
        block.blocks("file_sd_configs", FILE).forEach(file -> file(job, file));
        block.blocks("http_sd_configs", HTTP).forEach(http -> http(job, http));
        block.blocks("dns_sd_configs", DNS).forEach(dns -> dns(job, dns));
    }

    private static void file(ScrapeJob.Builder job, Block block) {
        // As in Prometheus, relative to the file that names them.
        String[] files = block.strings("files").stream()
                .map(file -> block.file().path(file).toString())
                .toArray(String[]::new);
        try {
            job.discovery(FileDiscovery.builder(files)
                    .refreshInterval(interval(block, FileDiscovery.DEFAULT_REFRESH_INTERVAL))
                    .build());
        } catch (IllegalArgumentException e) {
            refused(block, "files", e);
        }
    }

    private static void http(ScrapeJob.Builder job, Block block) {
        HttpSettings.Builder settings = HttpSettings.builder();
        HttpClientBlock.fill(settings, block);
        String url = block.required("url");
        Duration interval = interval(block, HttpDiscovery.DEFAULT_REFRESH_INTERVAL);
        if (url.isEmpty()) {
            return;
        }
        try {
            job.discovery(HttpDiscovery.builder(new URI(url))
                    .http(settings.build())
                    .refreshInterval(interval)
                    .build());
        } catch (URISyntaxException e) {
            // Its message quotes the URL, which may hold a password.
            block.error("url", "not a URL: " + e.getReason() + " at index " + e.getIndex());
        } catch (IllegalArgumentException e) {
            block.error("url", e);
        }
    }

    private static void dns(ScrapeJob.Builder job, Block block) {
        RecordType type = block.read("type", DiscoveryBlock::recordType);
        int port = block.count("port", 0);
        Duration interval = interval(block, DnsDiscovery.DEFAULT_REFRESH_INTERVAL);
        DnsDiscovery.Builder discovery;
        try {
            discovery = DnsDiscovery.builder(block.strings("names").toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            refused(block, "names", e);
            return;
        }
        if (type != null) {
            discovery.type(type);
        }
        try {
            job.discovery(discovery.port(port).refreshInterval(interval).build());
        } catch (IllegalArgumentException e) {
            refused(block, "port", e);
        }
    }

    private static RecordType recordType(String name) {
        for (RecordType type : RecordType.values()) {
            if (type.name().equalsIgnoreCase(name)) {
                return type;
            }
        }
        throw new IllegalArgumentException("expected SRV, A, AAAA, MX or NS");
    }

    private static Duration interval(Block block, Duration otherwise) {
        return EndpointBlock.positive(block, "refresh_interval", DurationFormat.PROMETHEUS, otherwise);
    }

    /** At the key if it is written, else at the block that lacks it. */
    private static void refused(Block block, String key, IllegalArgumentException e) {
        if (block.has(key)) {
            block.error(key, e);
        } else {
            block.file().error(block.place(), block.path() + ": " + e.getMessage());
        }
    }
}
