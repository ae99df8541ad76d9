package io.github.promferry.examples.config;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.examples.config.ForwarderConfig.Kind;
import io.github.promferry.examples.config.ForwarderConfig.Source;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.QueueConfig;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RetryPolicy;
import io.github.promferry.scrape.ScrapeJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/**
 * Reads an OpenTelemetry Collector configuration whose pipelines go from {@code prometheus} receivers through {@code
 * batch} processors to {@code prometheusremotewrite} exporters. A component is named {@code type} or {@code type/name}.
 */
final class CollectorFile {
    private static final String HTTP_POOL = "connections are pooled by the JVM";

    /** A block that switches something off that does not exist here. */
    private static final String ENABLED_FALSE = "enabled: false";

    static final KeyTable ROOT = KeyTable.of("top level (collector)")
            .used("receivers", "processors", "exporters", "extensions", "service")
            .refused("connectors", "only pipelines from receivers to exporters are");

    static final KeyTable RECEIVER = KeyTable.of("receivers.prometheus")
            .used("config", "report_extra_scrape_metrics")
            .refused("trim_metric_suffixes", "names are never changed", "false")
            .refused("use_start_time_metric", "start times are those that the page has", "false")
            .noEffect("start_time_metric_regex", "use_start_time_metric is not supported")
            .refused("target_allocator", "use static_configs")
            .noEffect("api_server", "there is no such server");

    static final KeyTable SCRAPE_CONFIG_FILE = KeyTable.of("receivers.prometheus.config")
            .used("global", "scrape_configs")
            .refused("scrape_config_files", "put the jobs into scrape_configs")
            // The collector refuses these itself.
            .refusedAll("the collector refuses it here, too", "remote_write", "remote_read", "rule_files", "alerting")
            .noEffectAll("nothing is stored or queried here", "storage", "tracing", "otlp", "runtime");

    static final KeyTable BATCH = KeyTable.of("processors.batch")
            .used("timeout", "send_batch_size", "send_batch_max_size")
            .refused("metadata_keys", "batches are not split by client metadata")
            .noEffect("metadata_cardinality_limit", "batches are not split by client metadata");

    static final KeyTable BASIC_AUTH = KeyTable.of("extensions.basicauth")
            .used("client_auth")
            .noEffect("htpasswd", "there is no server to protect");

    static final KeyTable BEARER_TOKEN = KeyTable.of("extensions.bearertokenauth")
            .used("scheme", "token", "filename")
            .refused("tokens", "write token")
            .refused("header", "only Authorization is", "Authorization");

    static final KeyTable EXPORTER = KeyTable.of("exporters.prometheusremotewrite")
            .used(
                    "endpoint",
                    "auth",
                    "headers",
                    "timeout",
                    "external_labels",
                    "protobuf_message",
                    "max_batch_size_bytes",
                    "send_metadata",
                    "retry_on_failure",
                    "remote_write_queue",
                    "wal",
                    "tls",
                    "proxy_url",
                    "compression")
            .noEffect("add_metric_suffixes", "names are never changed, which equals false", "false")
            .refused(
                    "translation_strategy",
                    "names are never changed: write NoTranslation or leave it out",
                    "NoTranslation")
            .refused("namespace", "names are never changed")
            .noEffect("target_info", "no target_info series is made", ENABLED_FALSE)
            .noEffect("export_created_metric", "_created samples are sent as they are exposed", ENABLED_FALSE)
            .noEffect(
                    "resource_to_telemetry_conversion", "there are no resource attributes, only labels", ENABLED_FALSE)
            .noEffect(
                    "max_batch_request_parallelism",
                    "a request is never sent in pieces side by side: see num_consumers")
            .noEffectAll(
                    HTTP_POOL,
                    "read_buffer_size",
                    "write_buffer_size",
                    "max_idle_conns",
                    "idle_conn_timeout",
                    "max_idle_conns_per_host",
                    "max_conns_per_host",
                    "disable_keep_alives",
                    "http2_read_idle_timeout",
                    "http2_ping_timeout",
                    "force_attempt_http2")
            .noEffect("cookies", "no cookies are kept")
            .refused("middlewares", "requests go out unchanged");

    static final KeyTable AUTH =
            KeyTable.of("exporters.prometheusremotewrite.auth").used("authenticator");

    static final KeyTable RETRY = KeyTable.of("exporters.prometheusremotewrite.retry_on_failure")
            .used("enabled", "initial_interval", "max_interval", "max_elapsed_time")
            .noEffect("randomization_factor", "waits are cut by up to 10 %")
            .noEffect("multiplier", "waits double");

    static final KeyTable QUEUE = KeyTable.of("exporters.prometheusremotewrite.remote_write_queue")
            .used("enabled", "num_consumers")
            .noEffect("queue_size", "it counts batches; the queue here is bounded in bytes");

    static final KeyTable WAL = KeyTable.of("exporters.prometheusremotewrite.wal")
            .used("directory")
            .noEffect("buffer_size", "the spool is bounded by --spool-max-bytes")
            .noEffect("truncate_frequency", "a sample leaves the spool when it is delivered")
            .noEffect("lag_record_frequency", "the lag is known at any time");

    static final KeyTable SERVICE = KeyTable.of("service")
            .used("extensions", "pipelines")
            .noEffect("telemetry", "the forwarder logs to stderr");

    static final KeyTable PIPELINE =
            KeyTable.of("service.pipelines.metrics").used("receivers", "processors", "exporters");

    /** The collector's defaults (batchprocessor, prometheusremotewriteexporter 0.136). */
    private static final Duration BATCH_TIMEOUT = Duration.ofMillis(200);

    private static final int BATCH_SIZE = 8192;
    private static final int NUM_CONSUMERS = 5;
    private static final int MAX_BATCH_BYTES = 3_000_000;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** Extensions that do nothing to the samples. */
    private static final Set<String> HARMLESS_EXTENSIONS =
            Set.of("health_check", "healthcheckv2", "pprof", "zpages", "file_storage", "db_storage", "memory_ballast");

    /** Processors that do nothing to the samples. */
    private static final Set<String> HARMLESS_PROCESSORS = Set.of("memory_limiter");

    /** Exporters that only show samples. */
    private static final Set<String> HARMLESS_EXPORTERS = Set.of("debug", "logging", "nop");

    /** When samples leave: of a batch processor, or of a pipeline without one. */
    private record Batch(Duration linger, int maxSamples) {
        /** A pipeline without a batch processor sends what a scrape gave at once. */
        static final Batch NONE = new Batch(Duration.ZERO, Integer.MAX_VALUE);

        Batch prompter(Batch other) {
            return new Batch(
                    linger.compareTo(other.linger) < 0 ? linger : other.linger, Math.min(maxSamples, other.maxSamples));
        }
    }

    private final ConfigFile file;
    private final Block receivers;
    private final Block processors;
    private final Block exporters;
    private final Block extensions;
    private final Block service;
    private final Map<String, Batch> batches = new LinkedHashMap<>();
    private final Map<String, Credentials> authenticators = new LinkedHashMap<>();
    /** For each receiver that a pipeline uses, the exporters that get its samples. */
    private final Map<String, Set<String>> routes = new LinkedHashMap<>();
    /** For each exporter that a pipeline uses, when its samples leave. */
    private final Map<String, Batch> used = new LinkedHashMap<>();

    private CollectorFile(ConfigFile file, MappingNode node) {
        this.file = file;
        Block root = Block.root(file, node, Expansion.COLLECTOR, ROOT);
        receivers = root.openBlock("receivers");
        processors = root.openBlock("processors");
        exporters = root.openBlock("exporters");
        extensions = root.openBlock("extensions");
        service = root.block("service", SERVICE);
    }

    static ForwarderConfig read(ConfigFile file, MappingNode root) {
        return new CollectorFile(file, root).read();
    }

    private ForwarderConfig read() {
        batches();
        extensions();
        pipelines();
        List<Source> sources = sources();
        List<RemoteWriteConfig> endpoints = endpoints();
        return new ForwarderConfig(Kind.COLLECTOR, sources, endpoints, file.problems());
    }

    private void batches() {
        for (String id : processors.keys()) {
            if (type(id).equals("batch")) {
                batches.put(id, batch(processors.block(id, BATCH)));
            }
        }
    }

    private static Batch batch(Block block) {
        int size = block.count("send_batch_size", BATCH_SIZE);
        int maxSize = block.count("send_batch_max_size", 0);
        if (maxSize > 0 && maxSize < size) {
            block.error("send_batch_max_size", maxSize + " is less than send_batch_size, " + size);
        }
        // A size of 0 means that only the timeout and the cap count.
        int samples = size > 0 ? size : maxSize > 0 ? maxSize : Integer.MAX_VALUE;
        return new Batch(block.duration("timeout", DurationFormat.GO, BATCH_TIMEOUT), samples);
    }

    private void extensions() {
        List<Block.Text> started = service.texts("extensions");
        List<String> ids = started.stream().map(Block.Text::value).toList();
        for (Block.Text text : started) {
            checkDefined(text, extensions);
        }
        for (String id : extensions.keys()) {
            switch (type(id)) {
                case "basicauth" -> {
                    Block auth = extensions.block(id, BASIC_AUTH);
                    authenticators.put(
                            id, HttpClientBlock.basic(auth.block("client_auth", HttpClientBlock.BASIC_AUTH)));
                }
                case "bearertokenauth" -> authenticators.put(id, bearer(extensions.block(id, BEARER_TOKEN)));
                default -> {
                    if (HARMLESS_EXTENSIONS.contains(type(id))) {
                        extensions.warning(id, "has no effect here");
                    } else if (ids.contains(id)) {
                        file.error(
                                extensions.keyPlace(id),
                                extensions.path(id) + " is not supported: known are basicauth and bearertokenauth");
                    }
                }
            }
        }
    }

    private static Credentials bearer(Block block) {
        String scheme = block.string("scheme", "Bearer");
        String token = block.string("token");
        String tokenFile = block.string("filename");
        try {
            if (tokenFile != null) {
                return Credentials.authorization(scheme, block.file().path(tokenFile));
            }
            if (token != null) {
                return Credentials.authorization(scheme, token);
            }
            block.file().error(block.place(), block.path() + ": token or filename is missing");
        } catch (IllegalArgumentException e) {
            block.error(tokenFile != null ? "filename" : "token", e);
        }
        return Credentials.none();
    }

    private void pipelines() {
        Block pipelines = service.openBlock("pipelines");
        if (pipelines.keys().isEmpty()) {
            file.error(
                    service.place("pipelines"), "service.pipelines: no pipeline is defined, so nothing would be sent");
        }
        for (String id : pipelines.keys()) {
            if (type(id).equals("metrics")) {
                pipeline(pipelines.block(id, PIPELINE));
            } else {
                file.error(
                        pipelines.keyPlace(id), pipelines.path(id) + " is not supported: only metrics pipelines are");
            }
        }
    }

    private void pipeline(Block pipeline) {
        Batch batch = Batch.NONE;
        for (Block.Text text : pipeline.texts("processors")) {
            Batch found = batches.get(text.value());
            if (found != null) {
                batch = found;
            } else if (checkDefined(text, processors) && !HARMLESS_PROCESSORS.contains(type(text.value()))) {
                notSupported(text, "it would change or drop samples; only batch is known");
            } else if (processors.keys().contains(text.value())) {
                file.warning(text.place(), text.path() + ": " + text.value() + " has no effect here");
            }
        }
        Set<String> receiverIds = components(pipeline, "receivers", receivers, "prometheus", Set.of());
        Set<String> exporterIds =
                components(pipeline, "exporters", exporters, "prometheusremotewrite", HARMLESS_EXPORTERS);
        for (String exporter : exporterIds) {
            Batch ofPipeline = batch;
            Batch ofOthers = used.putIfAbsent(exporter, ofPipeline);
            if (ofOthers != null && !ofOthers.equals(ofPipeline)) {
                used.put(exporter, ofOthers.prompter(ofPipeline));
                file.warning(
                        pipeline.place("exporters"),
                        pipeline.path("exporters") + ": " + exporter
                                + " is in pipelines that batch differently; the shorter wait and the smaller size hold");
            }
        }
        for (String receiver : receiverIds) {
            routes.computeIfAbsent(receiver, id -> new LinkedHashSet<>()).addAll(exporterIds);
        }
    }

    /** The components of one list of a pipeline that can be used. */
    private Set<String> components(
            Block pipeline, String key, Block definitions, String supportedType, Set<String> harmless) {
        Set<String> ids = new LinkedHashSet<>();
        List<Block.Text> texts = pipeline.texts(key);
        for (Block.Text text : texts) {
            if (!checkDefined(text, definitions)) {
                continue;
            }
            if (type(text.value()).equals(supportedType)) {
                ids.add(text.value());
            } else if (harmless.contains(type(text.value()))) {
                file.warning(text.place(), text.path() + ": " + text.value() + " has no effect here");
            } else {
                notSupported(text, "only " + supportedType + " is");
            }
        }
        if (texts.isEmpty()) {
            pipeline.error(key, "the pipeline needs at least one of " + definitions.path());
        }
        return ids;
    }

    private void notSupported(Block.Text text, String why) {
        file.error(text.place(), text.path() + ": " + text.value() + " is not supported: " + why);
    }

    private boolean checkDefined(Block.Text text, Block definitions) {
        if (definitions.keys().contains(text.value())) {
            return true;
        }
        String nearest = KeyTable.nearest(text.value(), definitions.keys());
        file.error(
                text.place(),
                text.path() + ": \"" + text.value() + "\" is not defined in " + definitions.path()
                        + (nearest == null ? "" : "; did you mean \"" + nearest + "\"?"));
        return false;
    }

    private List<Source> sources() {
        List<Source> sources = new ArrayList<>();
        for (String id : receivers.keys()) {
            if (!type(id).equals("prometheus")) {
                warnIfUnused(receivers, id, false);
                continue;
            }
            Block receiver = receivers.block(id, RECEIVER);
            Block config = receiver.block("config", SCRAPE_CONFIG_FILE);
            ScrapeSection scrape =
                    new ScrapeSection(config, Kind.COLLECTOR, receiver.flag("report_extra_scrape_metrics", false));
            Labels externalLabels = scrape.externalLabels();
            List<ScrapeJob> jobs = scrape.jobs();
            Set<String> endpoints = routes.get(id);
            warnIfUnused(receivers, id, endpoints != null);
            if (endpoints != null) {
                sources.add(new Source(id, externalLabels, jobs, List.copyOf(endpoints)));
            }
        }
        return sources;
    }

    private List<RemoteWriteConfig> endpoints() {
        List<RemoteWriteConfig> endpoints = new ArrayList<>();
        for (String id : exporters.keys()) {
            if (!type(id).equals("prometheusremotewrite")) {
                warnIfUnused(exporters, id, false);
                continue;
            }
            RemoteWriteConfig endpoint = endpoint(id, used.getOrDefault(id, Batch.NONE));
            warnIfUnused(exporters, id, used.containsKey(id));
            if (used.containsKey(id)) {
                endpoints.add(endpoint);
            }
        }
        return endpoints;
    }

    /** Components that no pipeline uses are not started, in the collector as here. */
    private void warnIfUnused(Block definitions, String id, boolean isUsed) {
        if (!isUsed && !isInSomePipeline(id, definitions)) {
            definitions.warning(id, "is in no pipeline and therefore not used");
        }
    }

    private boolean isInSomePipeline(String id, Block definitions) {
        Block pipelines = service.openBlock("pipelines");
        return pipelines.keys().stream()
                .map(pipelines::openBlock)
                .anyMatch(pipeline -> pipeline.strings(definitions.path()).contains(id));
    }

    private RemoteWriteConfig endpoint(String id, Batch batch) {
        Block block = exporters.block(id, EXPORTER);
        RemoteWriteConfig.Builder writer = EndpointBlock.url(block, "endpoint");
        writer.name(id);
        HttpSettings.Builder http = EndpointBlock.http(writer);
        authenticator(block, http);
        HttpClientBlock.addHeaders(http, block, "headers");
        TlsBlock.fill(http, block, "tls", TlsBlock.COLLECTOR);
        HttpClientBlock.collectorProxies(http, block);
        writer.http(http.build());
        writer.protocol(EndpointBlock.protocol(block));
        String compression = block.string("compression", "");
        if (!compression.isEmpty() && !compression.equals("snappy")) {
            block.error("compression", "\"" + compression + "\": only snappy is possible");
        }
        writer.timeout(EndpointBlock.positive(block, "timeout", DurationFormat.GO, TIMEOUT));
        writer.externalLabels(externalLabels(block));
        writer.sendExemplars(true);
        writer.sendMetadata(block.flag("send_metadata", false));
        int maxBytes = block.count("max_batch_size_bytes", MAX_BATCH_BYTES);
        // The collector, too, takes 0 for its default.
        writer.batch(new PromptStart(
                BatchPolicy.of(batch.maxSamples, maxBytes == 0 ? MAX_BATCH_BYTES : maxBytes, batch.linger),
                Clock.SYSTEM));
        retry(writer, block.block("retry_on_failure", RETRY));
        QueueConfig.Builder waiting = QueueConfig.builder();
        String directory = block.block("wal", WAL).string("directory");
        if (directory != null) {
            waiting.spool(file.path(directory).resolve(SpoolOptions.folder(id)));
        }
        file.spool().applyTo(waiting, SpoolOptions.folder(id));
        queue(writer, block.block("remote_write_queue", QUEUE), waiting);
        return writer.build();
    }

    private void queue(RemoteWriteConfig.Builder writer, Block queue, QueueConfig.Builder waiting) {
        if (!queue.flag("enabled", true)) {
            queue.warning("enabled", "has no effect here: samples always wait in the bounded queue");
        }
        try {
            // Consumers take turns at one queue there. Here, one sends as long as it keeps up: requests are fuller
            // then.
            waiting.shards(1, queue.count("num_consumers", file.spool().maxShards(NUM_CONSUMERS)));
            writer.queue(waiting.build());
        } catch (IllegalArgumentException e) {
            queue.error("num_consumers", e);
        }
    }

    private void authenticator(Block block, HttpSettings.Builder http) {
        Block auth = block.block("auth", AUTH);
        if (!block.has("auth")) {
            return;
        }
        String id = auth.required("authenticator");
        Credentials credentials = authenticators.get(id);
        if (credentials == null) {
            if (!id.isEmpty()) {
                checkAuthenticator(auth, id);
            }
        } else if (!service.strings("extensions").contains(id)) {
            auth.error("authenticator", "\"" + id + "\" is not started: add it to service.extensions");
        } else {
            http.credentials(credentials);
        }
    }

    private void checkAuthenticator(Block auth, String id) {
        Block.Text text = new Block.Text(id, auth.path("authenticator"), auth.place("authenticator"));
        if (checkDefined(text, extensions)) {
            notSupported(text, "only basicauth and bearertokenauth are");
        }
    }

    private static Labels externalLabels(Block block) {
        Block labels = block.openBlock("external_labels");
        Map<String, String> map = block.stringMap("external_labels");
        map.forEach((name, value) -> {
            if (name.isEmpty() || value.isEmpty()) {
                labels.error(name, "name and value must not be empty");
            }
        });
        try {
            return Labels.of(map);
        } catch (IllegalArgumentException e) {
            block.error("external_labels", e);
            return Labels.EMPTY;
        }
    }

    private static void retry(RemoteWriteConfig.Builder writer, Block block) {
        if (!block.flag("enabled", true)) {
            writer.retry(failure -> null);
            return;
        }
        RetryPolicy retry = RetryPolicy.standard(
                EndpointBlock.backoff(block, "initial_interval", "max_interval", DurationFormat.GO));
        // The collector's default of 5 minutes would lose the data of every longer outage, so only a written limit
        // holds.
        Duration limit = block.duration("max_elapsed_time", DurationFormat.GO, Duration.ZERO);
        writer.retry(limit.isZero() ? retry : retry.giveUpAfter(limit));
    }

    private static String type(String id) {
        int slash = id.indexOf('/');
        return slash < 0 ? id : id.substring(0, slash);
    }
}
