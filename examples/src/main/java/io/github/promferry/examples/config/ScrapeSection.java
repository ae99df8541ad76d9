package io.github.promferry.examples.config;

import io.github.promferry.Labels;
import io.github.promferry.examples.config.ConfigFile.Place;
import io.github.promferry.examples.config.ForwarderConfig.Kind;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.NameEscaping;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.ScrapeLimits;
import io.github.promferry.scrape.Target;
import io.github.promferry.scrape.relabel.Relabeler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads {@code global} and {@code scrape_configs}, which both kinds of files have. */
final class ScrapeSection {
    /** Prometheus' default for scrape_interval. */
    private static final Duration DEFAULT_INTERVAL = Duration.ofMinutes(1);

    /** Prometheus' default for scrape_timeout. */
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private static final String VALIDATION_SCHEME = "metric_name_validation_scheme";
    private static final String ESCAPING_SCHEME = "metric_name_escaping_scheme";

    /** What a job inherits from global if it does not say otherwise. */
    private static final KeyTable SHARED = KeyTable.of("global and scrape_configs[]")
            .used(
                    "scrape_interval",
                    "scrape_timeout",
                    "scrape_protocols",
                    "body_size_limit",
                    "sample_limit",
                    "label_limit",
                    "label_name_length_limit",
                    "label_value_length_limit",
                    "target_limit",
                    "keep_dropped_targets",
                    "extra_scrape_metrics",
                    "scrape_native_histograms",
                    "always_scrape_classic_histograms",
                    "convert_classic_histograms_to_nhcb",
                    VALIDATION_SCHEME,
                    ESCAPING_SCHEME)
            .noEffect("scrape_failure_log_file", "failed scrapes are logged to stderr");

    static final KeyTable GLOBAL = KeyTable.of("global")
            .used("external_labels")
            .and(SHARED)
            .noEffectAll("rules are not evaluated", "evaluation_interval", "rule_query_offset")
            .noEffect("query_log_file", "nothing is queried")
            .noEffect("runtime", "these are settings of the Go runtime");

    static final KeyTable SCRAPE_CONFIG = KeyTable.of("scrape_configs[]")
            .used(
                    "job_name",
                    "metrics_path",
                    "scheme",
                    "params",
                    "static_configs",
                    "file_sd_configs",
                    "http_sd_configs",
                    "dns_sd_configs",
                    "relabel_configs",
                    "metric_relabel_configs",
                    "honor_labels",
                    "honor_timestamps",
                    "track_timestamps_staleness",
                    "fallback_scrape_protocol",
                    "enable_compression",
                    "native_histogram_bucket_limit",
                    "native_histogram_min_bucket_factor",
                    // vmagent's
                    "series_limit")
            .and(SHARED)
            .and(HttpClientBlock.KEYS)
            .refusedAll(
                    "use file_sd_configs, http_sd_configs or dns_sd_configs",
                    "aws_sd_configs",
                    "azure_sd_configs",
                    "consul_sd_configs",
                    "digitalocean_sd_configs",
                    "docker_sd_configs",
                    "dockerswarm_sd_configs",
                    "ec2_sd_configs",
                    "eureka_sd_configs",
                    "gce_sd_configs",
                    "hetzner_sd_configs",
                    "ionos_sd_configs",
                    "kubernetes_sd_configs",
                    "kuma_sd_configs",
                    "lightsail_sd_configs",
                    "linode_sd_configs",
                    "marathon_sd_configs",
                    "nerve_sd_configs",
                    "nomad_sd_configs",
                    "openstack_sd_configs",
                    "ovhcloud_sd_configs",
                    "puppetdb_sd_configs",
                    "scaleway_sd_configs",
                    "serverset_sd_configs",
                    "stackit_sd_configs",
                    "triton_sd_configs",
                    "uyuni_sd_configs",
                    "vultr_sd_configs");

    static final KeyTable STATIC_CONFIG = KeyTable.of("static_configs[]").used("targets", "labels");

    private final Block config;
    private final Block global;
    private final Kind kind;
    private final boolean extraReports;
    private @Nullable Labels externalLabels;

    /**
     * A section to read.
     *
     * @param config the block that has global and scrape_configs
     * @param kind whose file it is
     * @param extraReports whether jobs have the extra report series unless they say otherwise
     */
    ScrapeSection(Block config, Kind kind, boolean extraReports) {
        this.config = config;
        this.global = config.block("global", GLOBAL);
        this.kind = kind;
        this.extraReports = extraReports;
    }

    /** The labels that every series gets. */
    Labels externalLabels() {
        Labels known = externalLabels;
        if (known == null) {
            known = readExternalLabels();
            externalLabels = known;
        }
        return known;
    }

    private Labels readExternalLabels() {
        Expansion externalLabelsAre = kind == Kind.COLLECTOR ? Expansion.COLLECTOR : Expansion.PROMETHEUS_LABELS;
        Labels labels = labels(global, "external_labels", global.stringMap("external_labels", externalLabelsAre));
        if (legacyNames()) {
            labels.toMap().keySet().stream()
                    .filter(name -> !Labels.isLegacyLabelName(name))
                    .forEach(name -> global.error(
                            "external_labels",
                            "\"" + name + "\" is no label name under " + VALIDATION_SCHEME
                                    + ": legacy (letters, digits and underscores, no digit first)"));
        }
        return labels;
    }

    /** The jobs, in the order of the file. */
    List<ScrapeJob> jobs() {
        List<Block> blocks = config.blocks("scrape_configs", SCRAPE_CONFIG);
        if (blocks.isEmpty()) {
            config.error("scrape_configs", "there is nothing to scrape: add a job with job_name and static_configs");
        }
        List<ScrapeJob> jobs = new ArrayList<>();
        Map<String, Place> names = new HashMap<>();
        for (Block block : blocks) {
            String name = block.required("job_name");
            Place earlier = names.putIfAbsent(name, block.place());
            if (earlier != null && !name.isEmpty()) {
                block.error("job_name", "\"" + name + "\" is already the name of the job on line " + earlier.line());
            }
            ScrapeJob job = name.isEmpty() ? null : job(block, name);
            if (job != null) {
                jobs.add(job);
            }
        }
        return jobs;
    }

    private @Nullable ScrapeJob job(Block block, String name) {
        ScrapeJob.Builder job = ScrapeJob.builder(name);
        boolean nativeHistograms = inheritedFlag(block, "scrape_native_histograms");
        job.parsing(parsing(block, nativeHistograms));
        times(block, job);
        boolean legacyNames = names(block, job);
        relabeling(block, job, legacyNames);
        set(block, "metrics_path", job::path);
        set(block, "scheme", job::scheme);
        Block params = block.openBlock("params");
        for (String param : params.keys()) {
            params.strings(param).forEach(value -> job.param(param, value));
        }
        job.honorLabels(block.flag("honor_labels", false));
        job.compression(block.flag("enable_compression", true));
        job.limits(limits(block));
        job.formats(nativeHistograms ? ScrapeJob.NATIVE_HISTOGRAM_FORMATS : ScrapeJob.DEFAULT_FORMATS);
        formats(block, job);
        boolean extra = block.flag("extra_scrape_metrics", global.flag("extra_scrape_metrics", extraReports));
        job.reports(extra ? ScrapeJob.Reports.EXTRA : ScrapeJob.Reports.STANDARD);
        HttpSettings.Builder http = HttpSettings.builder();
        HttpClientBlock.fill(http, block);
        job.http(http.build());
        // Prometheus users expect the address as written; replicas of a collector must differ.
        job.instanceFromHostName(kind == Kind.COLLECTOR);
        targets(block, job);
        DiscoveryBlock.fill(job, block);
        if (block.file().hasErrors()) {
            return null;
        }
        try {
            return job.build();
        } catch (IllegalArgumentException e) {
            block.file().error(block.place(), block.path() + ": " + e.getMessage());
            return null;
        }
    }

    private ParseOptions parsing(Block block, boolean nativeHistograms) {
        ParseOptions.Builder parsing = ParseOptions.builder()
                .honorTimestamps(block.flag("honor_timestamps", true))
                .trackTimestampsStaleness(block.flag("track_timestamps_staleness", false))
                .nativeHistograms(nativeHistograms)
                // Prometheus 3 writes le="1" as le="1.0"; the collector's users look for what is on the page.
                .normalizeBounds(kind == Kind.PROMETHEUS)
                .classicHistogramsToo(inheritedFlag(block, "always_scrape_classic_histograms"))
                .classicHistogramsAsNative(inheritedFlag(block, "convert_classic_histograms_to_nhcb"))
                .nativeHistogramBucketLimit(block.count("native_histogram_bucket_limit", 0));
        try {
            parsing.nativeHistogramMinBucketFactor(block.number("native_histogram_min_bucket_factor", 0));
        } catch (IllegalArgumentException e) {
            block.error("native_histogram_min_bucket_factor", "must not be negative");
        }
        return parsing.build();
    }

    private boolean inheritedFlag(Block block, String key) {
        return block.flag(key, global.flag(key, false));
    }

    private void times(Block block, ScrapeJob.Builder job) {
        Duration interval = inherited(block, "scrape_interval", DEFAULT_INTERVAL);
        if (interval.isZero()) {
            Block where = block.has("scrape_interval") ? block : global;
            where.error("scrape_interval", "must be more than 0");
            return;
        }
        job.interval(interval);
        Duration timeout = timeout(block, interval);
        if (timeout == null) {
            Duration ofAll = timeout(global, inherited(global, "scrape_interval", DEFAULT_INTERVAL));
            timeout = ofAll == null ? DEFAULT_TIMEOUT : ofAll;
        }
        job.timeout(timeout.compareTo(interval) < 0 ? timeout : interval);
    }

    /** Null if the block says nothing of it, or nothing that can be. */
    private static @Nullable Duration timeout(Block block, Duration interval) {
        Duration timeout = block.duration("scrape_timeout", DurationFormat.PROMETHEUS);
        if (timeout != null && timeout.isZero()) {
            block.error("scrape_timeout", "must be more than 0");
            return null;
        }
        if (timeout != null && timeout.compareTo(interval) > 0) {
            block.error(
                    "scrape_timeout",
                    DurationFormat.format(timeout) + " is longer than the interval of "
                            + DurationFormat.format(interval));
            return null;
        }
        return timeout;
    }

    private void relabeling(Block block, ScrapeJob.Builder job, boolean legacyNames) {
        Expansion expansion = kind == Kind.COLLECTOR ? Expansion.COLLECTOR : Expansion.PROMETHEUS_RELABELING;
        Relabeler ofTargets = overwritten(RelabelBlock.read(block, "relabel_configs", expansion, legacyNames));
        if (ofTargets != null) {
            job.relabel(ofTargets);
        }
        Relabeler ofSamples = overwritten(RelabelBlock.read(block, "metric_relabel_configs", expansion, legacyNames));
        if (ofSamples != null) {
            job.metricRelabel(ofSamples);
        }
    }

    /** The collector's external labels win over those of targets and series. */
    private @Nullable Relabeler overwritten(@Nullable Relabeler relabeler) {
        if (kind != Kind.COLLECTOR || externalLabels().isEmpty()) {
            return relabeler;
        }
        Relabeler overwriting = new OverwrittenLabels(externalLabels());
        return relabeler == null ? overwriting : Relabeler.of(relabeler, overwriting);
    }

    private Duration inherited(Block block, String key, Duration otherwise) {
        // A value that cannot be read is an error of its own and hides that of global.
        Block where = block.has(key) ? block : global;
        return where.duration(key, DurationFormat.PROMETHEUS, otherwise);
    }

    private ScrapeLimits limits(Block block) {
        ScrapeLimits.Builder limits = ScrapeLimits.builder()
                .samples(inheritedCount(block, "sample_limit"))
                .series(block.count("series_limit", 0))
                .labels(inheritedCount(block, "label_limit"))
                .labelNameBytes(inheritedCount(block, "label_name_length_limit"))
                .labelValueBytes(inheritedCount(block, "label_value_length_limit"))
                .targets(inheritedCount(block, "target_limit"))
                .droppedTargets(inheritedCount(block, "keep_dropped_targets"));
        if (block.has("body_size_limit") || global.has("body_size_limit")) {
            long own = block.bytes("body_size_limit", 0);
            long bytes = own > 0 ? own : global.bytes("body_size_limit", 0);
            // Without the key, the library's own limit of 16 MiB stays: an endless page must not fill the memory.
            limits.bodyBytes(bytes == 0 ? Integer.MAX_VALUE : (int) Math.min(bytes, Integer.MAX_VALUE));
        }
        return limits.build();
    }

    /** As in Prometheus, 0 says nothing: a job cannot switch off what global limits. */
    private int inheritedCount(Block block, String key) {
        int own = block.count(key, 0);
        return own > 0 ? own : global.count(key, 0);
    }

    private void formats(Block block, ScrapeJob.Builder job) {
        Block where = block.has("scrape_protocols") ? block : global;
        if (where.has("scrape_protocols")) {
            List<ExpositionFormat> formats = new ArrayList<>();
            for (Block.Text text : where.texts("scrape_protocols")) {
                ExpositionFormat format = format(text.value());
                if (format == null) {
                    where.file().error(text.place(), text.path() + ": " + unknownFormat(text.value()));
                } else if (formats.contains(format)) {
                    where.file().error(text.place(), text.path() + ": \"" + text.value() + "\" is listed twice");
                } else {
                    formats.add(format);
                }
            }
            if (formats.isEmpty()) {
                where.error("scrape_protocols", "must name at least one of " + formatNames());
            } else {
                job.formats(formats);
            }
        }
        String fallback = block.string("fallback_scrape_protocol");
        if (fallback != null) {
            ExpositionFormat format = format(fallback);
            if (format == null) {
                block.error("fallback_scrape_protocol", unknownFormat(fallback));
            } else {
                job.fallbackFormat(format);
            }
        }
    }

    /** Whether all that the file names is limited to the names of Prometheus 2, unless a job says otherwise. */
    boolean legacyNames() {
        return legacyNames(global);
    }

    private static boolean legacyNames(Block block) {
        String scheme = block.string(VALIDATION_SCHEME, "");
        if (!scheme.isEmpty() && !scheme.equals("utf8") && !scheme.equals("legacy")) {
            block.error(VALIDATION_SCHEME, "\"" + scheme + "\": expected utf8 or legacy");
        }
        return scheme.equals("legacy");
    }

    /**
     * Whether the job's names are limited. A job that says so itself is asked for the escaping that fits, whatever global
     * says of that, as in Prometheus.
     */
    private boolean names(Block block, ScrapeJob.Builder job) {
        boolean own = !block.string(VALIDATION_SCHEME, "").isEmpty();
        boolean legacyNames = legacyNames(own ? block : global);
        job.legacyNames(legacyNames);
        boolean ownEscaping = own || !block.string(ESCAPING_SCHEME, "").isEmpty();
        Block where = ownEscaping ? block : global;
        String name = where.string(ESCAPING_SCHEME, "");
        NameEscaping escaping = NameEscaping.ofConfigName(name);
        if (escaping != null) {
            job.nameEscaping(escaping);
        } else if (!name.isEmpty()) {
            where.error(ESCAPING_SCHEME, "\"" + name + "\": expected allow-utf-8, underscores, dots or values");
        }
        return legacyNames;
    }

    private static @Nullable ExpositionFormat format(String name) {
        return Arrays.stream(ExpositionFormat.values())
                .filter(format -> format.configName().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static String unknownFormat(String name) {
        return "\"" + name + "\" is not a protocol; expected one of " + formatNames();
    }

    private static String formatNames() {
        return EnumSet.allOf(ExpositionFormat.class).stream()
                .map(ExpositionFormat::configName)
                .collect(Collectors.joining(", "));
    }

    private static void targets(Block block, ScrapeJob.Builder job) {
        boolean relabeled = block.has("relabel_configs");
        for (Block group : block.blocks("static_configs", STATIC_CONFIG)) {
            Labels labels = labels(group, "labels", group.stringMap("labels"));
            for (Block.Text address : group.texts("targets")) {
                Target target = new Target(address.value(), labels);
                // Relabeling may make an address of anything, so only without it can be told now what is none.
                if (relabeled || isUsable(target, address, block.file())) {
                    job.target(target);
                }
            }
        }
    }

    /** Whether a job would take the target; if not, that is an error at its own place. */
    private static boolean isUsable(Target target, Block.Text address, ConfigFile file) {
        try {
            ScrapeJob.builder("one").target(target).build();
            return true;
        } catch (IllegalArgumentException e) {
            file.error(address.place(), address.path() + ": " + e.getMessage());
            return false;
        }
    }

    private static Labels labels(Block block, String key, Map<String, String> labels) {
        try {
            return Labels.of(labels);
        } catch (IllegalArgumentException e) {
            block.error(key, e);
            return Labels.EMPTY;
        }
    }

    /** A setting whose value the library checks. */
    private interface Setter {
        Object set(String value);
    }

    private static void set(Block block, String key, Setter setter) {
        String value = block.string(key);
        if (value != null) {
            try {
                setter.set(value);
            } catch (IllegalArgumentException e) {
                block.error(key, e);
            }
        }
    }
}
