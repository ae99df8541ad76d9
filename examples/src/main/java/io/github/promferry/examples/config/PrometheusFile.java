package io.github.promferry.examples.config;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.examples.config.ForwarderConfig.Kind;
import io.github.promferry.examples.config.ForwarderConfig.Source;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.QueueConfig;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RetryPolicy;
import io.github.promferry.remotewrite.SigV4Signer;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.relabel.Relabeler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/** Reads a Prometheus configuration: global, scrape_configs, remote_write. */
final class PrometheusFile {
    private static final String NO_RULES = "rules are not evaluated, so their series and alerts are not sent";

    static final KeyTable ROOT = KeyTable.of("top level (Prometheus)")
            .used("global", "scrape_configs", "remote_write")
            .refused("scrape_config_files", "put the jobs into scrape_configs")
            .noEffectAll(NO_RULES, "rule_files", "alerting")
            .noEffectAll("nothing is stored or queried here", "storage", "remote_read")
            .noEffect("tracing", "no traces are made")
            .noEffect("otlp", "nothing is received here")
            .noEffect("runtime", "these are settings of the Go runtime");

    static final KeyTable REMOTE_WRITE = KeyTable.of("remote_write[]")
            .used(
                    "url",
                    "name",
                    "remote_timeout",
                    "headers",
                    "protobuf_message",
                    "send_exemplars",
                    "queue_config",
                    "metadata_config",
                    "write_relabel_configs")
            .and(HttpClientBlock.KEYS)
            .used("sigv4")
            .refusedAll("use basic_auth, authorization, oauth2 or sigv4", "azuread", "google_iam")
            .noEffect("send_native_histograms", "native histograms that are scraped are sent", "true")
            .noEffect("round_robin_dns", "the JVM picks the address", "false");

    static final KeyTable SIGV4 = KeyTable.of("remote_write[].sigv4")
            .used("region", "access_key", "secret_key")
            .refusedAll("write access_key and secret_key, or ${env:NAME}", "profile", "role_arn", "external_id")
            .refused("use_fips_sts_endpoint", "no security token service is asked", "false")
            .refused("service_name", "requests are signed for aps", "aps");

    static final KeyTable QUEUE_CONFIG = KeyTable.of("remote_write[].queue_config")
            .used(
                    "max_samples_per_send",
                    "batch_send_deadline",
                    "min_shards",
                    "max_shards",
                    "min_backoff",
                    "max_backoff",
                    "retry_on_http_429",
                    "sample_age_limit")
            .noEffect("capacity", "the queue is bounded in bytes");

    static final KeyTable METADATA_CONFIG = KeyTable.of("remote_write[].metadata_config")
            .used("send", "send_interval")
            .noEffect("max_samples_per_send", "the request size is that of samples");

    /** The defaults of Prometheus 3 (config/config.go). */
    private static final int MAX_SAMPLES_PER_SEND = 2000;

    private static final Duration REMOTE_TIMEOUT = Duration.ofSeconds(30);

    private static final Duration BATCH_SEND_DEADLINE = Duration.ofSeconds(5);
    private static final int MAX_SHARDS = 50;
    private static final Duration METADATA_INTERVAL = Duration.ofMinutes(1);

    private PrometheusFile() {}

    static ForwarderConfig read(ConfigFile file, MappingNode node) {
        Block root = Block.root(file, node, Expansion.PROMETHEUS, ROOT);
        ScrapeSection scrape = new ScrapeSection(root, Kind.PROMETHEUS, false);
        Labels externalLabels = scrape.externalLabels();
        List<ScrapeJob> jobs = scrape.jobs();
        List<RemoteWriteConfig> endpoints = endpoints(root, scrape.legacyNames());
        List<String> names = endpoints.stream().map(RemoteWriteConfig::name).toList();
        Source source = new Source("scrape_configs", externalLabels, jobs, names);
        return new ForwarderConfig(Kind.PROMETHEUS, List.of(source), endpoints, file.problems());
    }

    private static List<RemoteWriteConfig> endpoints(Block root, boolean legacyNames) {
        List<Block> blocks = root.blocks("remote_write", REMOTE_WRITE);
        if (blocks.isEmpty()) {
            root.error("remote_write", "there is nowhere to send to: add an endpoint with its url");
        }
        List<RemoteWriteConfig> endpoints = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Block block : blocks) {
            String name = block.string("name", "");
            if (!name.isEmpty() && !names.add(name)) {
                block.error("name", "\"" + name + "\" is already the name of another endpoint");
            }
            RemoteWriteConfig.Builder writer = EndpointBlock.url(block, "url");
            fill(writer, block, legacyNames);
            writer.name(name.isEmpty() ? block.path() : name);
            endpoints.add(writer.build());
        }
        return endpoints;
    }

    private static void sign(RemoteWriteConfig.Builder writer, Block block) {
        if (!block.has("sigv4")) {
            return;
        }
        if (HttpClientBlock.WAYS_TO_AUTHENTICATE.stream().anyMatch(block::has)) {
            block.error("sigv4", "only one way to authenticate can be used");
        }
        Block sigv4 = block.block("sigv4", SIGV4);
        String region = sigv4.required("region");
        SigV4Signer.Keys keys = new SigV4Signer.Keys(sigv4.required("access_key"), sigv4.required("secret_key"), null);
        writer.signer(SigV4Signer.of(region, () -> keys));
    }

    private static void fill(RemoteWriteConfig.Builder writer, Block block, boolean legacyNames) {
        HttpSettings.Builder http = EndpointBlock.http(writer);
        HttpClientBlock.fill(http, block);
        HttpClientBlock.addHeaders(http, block, "headers");
        writer.http(http.build());
        sign(writer, block);
        writer.protocol(EndpointBlock.protocol(block));
        writer.timeout(EndpointBlock.positive(block, "remote_timeout", DurationFormat.PROMETHEUS, REMOTE_TIMEOUT));
        writer.sendExemplars(block.flag("send_exemplars", false));
        Block metadata = block.block("metadata_config", METADATA_CONFIG);
        writer.sendMetadata(metadata.flag("send", true));
        writer.metadataInterval(
                EndpointBlock.positive(metadata, "send_interval", DurationFormat.PROMETHEUS, METADATA_INTERVAL));
        Relabeler relabeler =
                RelabelBlock.read(block, "write_relabel_configs", Expansion.PROMETHEUS_RELABELING, legacyNames);
        if (relabeler != null) {
            writer.writeRelabel(relabeler);
        }
        String name = block.string("name", "");
        String folder = name.isEmpty() ? SpoolOptions.folder(writer.build().url()) : SpoolOptions.folder(name);
        queue(writer, block.block("queue_config", QUEUE_CONFIG), folder);
    }

    private static void queue(RemoteWriteConfig.Builder writer, Block queue, String folder) {
        int samples = queue.count("max_samples_per_send", MAX_SAMPLES_PER_SEND);
        if (samples == 0) {
            queue.error("max_samples_per_send", "must be more than 0");
            samples = MAX_SAMPLES_PER_SEND;
        }
        Duration deadline = queue.duration("batch_send_deadline", DurationFormat.PROMETHEUS, BATCH_SEND_DEADLINE);
        writer.batch(new PromptStart(BatchPolicy.of(samples, BatchPolicy.DEFAULT_MAX_BYTES, deadline), Clock.SYSTEM));
        try {
            int minShards = queue.count("min_shards", QueueConfig.DEFAULT_SHARDS);
            int most = queue.file().spool().maxShards(MAX_SHARDS);
            QueueConfig.Builder waiting = QueueConfig.builder()
                    .shards(minShards, queue.count("max_shards", Math.max(minShards, most)))
                    .maxAge(queue.duration("sample_age_limit", DurationFormat.PROMETHEUS, Duration.ZERO));
            queue.file().spool().applyTo(waiting, folder);
            writer.queue(waiting.build());
        } catch (IllegalArgumentException e) {
            queue.error(queue.has("max_shards") ? "max_shards" : "min_shards", e);
        }
        RetryPolicy retry = RetryPolicy.standard(
                EndpointBlock.backoff(queue, "min_backoff", "max_backoff", DurationFormat.PROMETHEUS));
        // Prometheus drops on 429 unless told otherwise; data is only given up here if the file says so itself.
        writer.retry(queue.flag("retry_on_http_429", true) ? retry : retry.dropOn(429));
    }
}
