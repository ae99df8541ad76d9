package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.MetricSource;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.NameEscaping;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.scrape.discovery.EngineDiscovery;
import io.github.promferry.scrape.discovery.TargetDiscovery;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.LlmEngine;
import io.github.promferry.scrape.relabel.Relabeler;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What to scrape and how: the targets of a job, and what holds for all of them. Immutable.
 *
 * <pre>{@code
 * ScrapeJob.builder("llm")
 *         .target("127.0.0.1:8000")
 *         .interval(Duration.ofSeconds(15))
 *         .build();
 * }</pre>
 *
 * @since 0.1
 */
public final class ScrapeJob {
    /** Between two scrapes of a target unless told otherwise. Prometheus' own default is a minute. */
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(15);

    /** A scrape may take so long unless told otherwise, or the interval if that is shorter. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    /** What is asked for, best first, unless told otherwise. */
    public static final List<ExpositionFormat> DEFAULT_FORMATS = List.of(
            ExpositionFormat.OPENMETRICS_1_0_0,
            ExpositionFormat.OPENMETRICS_0_0_1,
            ExpositionFormat.TEXT_1_0_0,
            ExpositionFormat.TEXT_0_0_4);

    /**
     * What to ask for where native histograms are wanted: protobuf, and then the same. Those that a page has are taken
     * whatever was asked for, unless {@link ParseOptions#nativeHistograms} says otherwise.
     */
    public static final List<ExpositionFormat> NATIVE_HISTOGRAM_FORMATS = List.of(
            ExpositionFormat.PROTOBUF,
            ExpositionFormat.OPENMETRICS_1_0_0,
            ExpositionFormat.OPENMETRICS_0_0_1,
            ExpositionFormat.TEXT_1_0_0,
            ExpositionFormat.TEXT_0_0_4);

    /**
     * Which series tell of the scrape itself.
     *
     * @since 0.1
     */
    public enum Reports {
        /** None. */
        NONE,
        /**
         * {@code up}, {@code scrape_duration_seconds}, {@code scrape_samples_scraped}, {@code
         * scrape_samples_post_metric_relabeling}, {@code scrape_series_added}.
         */
        STANDARD,
        /** Those and {@code scrape_timeout_seconds}, {@code scrape_sample_limit}, {@code scrape_body_size_bytes}. */
        EXTRA
    }

    /**
     * A source of this process with the labels of its series.
     *
     * @param source collected at each interval
     * @param labels for all its series
     */
    record Source(MetricSource source, Labels labels) {}

    private final Builder settings;
    private final List<TargetDiscovery> discoveries;
    private final ParseOptions effectiveParsing;
    private final @Nullable Relabeler metricRelabel;

    private ScrapeJob(Builder settings) {
        this.settings = settings;
        effectiveParsing = settings.effectiveParsing();
        metricRelabel = settings.effectiveMetricRelabel();
        List<TargetDiscovery> all = new ArrayList<>(settings.discoveries);
        if (!settings.engines.isEmpty()) {
            all.add(settings.engineDiscovery());
        }
        discoveries = Collections.unmodifiableList(all);
    }

    /**
     * A job without targets yet.
     *
     * @param name becomes the label {@code job}
     * @return a new builder
     */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /**
     * A job for an LLM engine, named {@code llm}: what it is and where it has its metrics is {@linkplain Builder#engine
     * found out}, and it is asked for plain text, since many engines are served by Python, which compresses on the thread that
     * serves tokens and damages names in OpenMetrics.
     *
     * @param url of the engine, such as {@code http://127.0.0.1:8000}; with a path, that is where its metrics are
     * @return a new builder
     * @throws IllegalArgumentException if it is not the URL of a server, or has a user or a query
     */
    public static Builder llm(String url) {
        return builder("llm")
                .formats(List.of(ExpositionFormat.TEXT_0_0_4))
                .compression(false)
                .engine(URI.create(url));
    }

    /**
     * A job for an LLM engine of which it is known what it is, named {@code llm}: it is asked for what its table entry says,
     * and only where its entry says that its metrics are.
     *
     * @param url as for {@link #llm(String)}; if it has no port and is {@code http}, the engine's own is taken
     * @param engine such as {@code EngineCatalog.builtIn().engine("vllm")}
     * @return a new builder
     * @throws IllegalArgumentException if it is not the URL of a server, or has a user or a query
     */
    public static Builder llm(String url, LlmEngine engine) {
        return builder("llm")
                .formats(engine.formats().isEmpty() ? DEFAULT_FORMATS : engine.formats())
                .compression(engine.compression())
                .engine(URI.create(url), engine);
    }

    /**
     * A builder that starts from this job.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        return new Builder(settings);
    }

    /** {@return the value of the label {@code job}} */
    public String name() {
        return settings.name;
    }

    /**
     * The targets the job starts with.
     *
     * @return an unmodifiable list
     * @see Scraper#addTarget
     */
    public List<Target> targets() {
        return Collections.unmodifiableList(settings.targets);
    }

    List<Source> sources() {
        return settings.sources;
    }

    /** {@return time between two scrapes of a target; a positive duration} */
    public Duration interval() {
        return settings.interval;
    }

    /** {@return how long a scrape may take until its page has come; at most the interval} */
    public Duration timeout() {
        Duration set = settings.timeout;
        if (set != null) {
            return set;
        }
        return settings.interval.compareTo(DEFAULT_TIMEOUT) < 0 ? settings.interval : DEFAULT_TIMEOUT;
    }

    /** {@return the path of the page, which begins with a slash} */
    public String path() {
        return settings.path;
    }

    /** {@return the scheme; {@code http} or {@code https}} */
    public String scheme() {
        return settings.scheme;
    }

    /** {@return the query parameters: name to values, sorted, unmodifiable} */
    public SortedMap<String, List<String>> params() {
        return Collections.unmodifiableSortedMap(settings.params);
    }

    /** {@return whether labels on the page win over those of the target; false by default} */
    public boolean honorLabels() {
        return settings.honorLabels;
    }

    /** {@return how pages are read, apart from the {@link #limits}} */
    public ParseOptions parsing() {
        return settings.parsing;
    }

    /** How pages are read indeed: with the limits, and as the profile wants it. */
    ParseOptions effectiveParsing() {
        return effectiveParsing;
    }

    /** {@return how much is taken; {@link ScrapeLimits#DEFAULTS} by default} */
    public ScrapeLimits limits() {
        return settings.limits;
    }

    /** {@return what changes or drops targets; null if they stay as they are} */
    public @Nullable Relabeler relabel() {
        return settings.relabel;
    }

    /** {@return what changes or drops series: the profile, then what was set; null if they stay as they are} */
    public @Nullable Relabeler metricRelabel() {
        return metricRelabel;
    }

    /** {@return what finds more targets for the job; unmodifiable, may be empty} */
    public List<TargetDiscovery> discoveries() {
        return discoveries;
    }

    /** {@return whether targets may compress their pages; true by default} */
    public boolean compression() {
        return settings.compression;
    }

    /** {@return the formats that are asked for, best first; an unmodifiable list} */
    public List<ExpositionFormat> formats() {
        return settings.formats;
    }

    /** {@return whether a series with a name outside the classic character set fails the scrape; false by default} */
    public boolean legacyNames() {
        return settings.legacyNames;
    }

    /**
     * {@return what targets are asked to do with names outside the classic character set: by default {@link
     * NameEscaping#UNDERSCORES} with {@link #legacyNames}, else {@link NameEscaping#ALLOW_UTF_8}}
     */
    public NameEscaping nameEscaping() {
        NameEscaping set = settings.nameEscaping;
        return set != null ? set : settings.legacyNames ? NameEscaping.UNDERSCORES : NameEscaping.ALLOW_UTF_8;
    }

    /** {@return how to read a page whose content type tells nothing; null to fail such a scrape} */
    public @Nullable ExpositionFormat fallbackFormat() {
        return settings.fallbackFormat;
    }

    /** {@return how to reach the targets: credentials, headers, redirects} */
    public HttpSettings http() {
        return settings.http;
    }

    /** {@return whether the label {@code instance} of a target on this host has the host's name; true by default} */
    public boolean instanceFromHostName() {
        return settings.instanceFromHostName;
    }

    /** {@return whether a new target is scraped at once; true by default} */
    public boolean firstScrapeAtOnce() {
        return settings.firstScrapeAtOnce;
    }

    /**
     * {@return how often a target is asked until it answers for the first time; null if it is scraped as any other
     * from the start}
     */
    public @Nullable Duration waitUntilReady() {
        return settings.waitUntilReady;
    }

    /** {@return which series tell of the scrape itself; {@link Reports#STANDARD} by default} */
    public Reports reports() {
        return settings.reports;
    }

    /** The job without query parameters, which may hold tokens. */
    @Override
    public String toString() {
        return "ScrapeJob[" + name() + ", " + targets().size() + " targets, every " + interval() + ", timeout "
                + timeout() + ", " + scheme() + " " + path() + ", " + http() + "]";
    }

    /**
     * Collects what a job is; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private final String name;
        private final List<Target> targets = new ArrayList<>();
        private final List<Source> sources = new ArrayList<>();
        private final List<TargetDiscovery> discoveries = new ArrayList<>();
        private final List<EngineAddress> engines = new ArrayList<>();
        private @Nullable EngineCatalog engineCatalog;
        private Duration interval = DEFAULT_INTERVAL;
        private @Nullable Duration timeout;
        private String path = "/metrics";
        private String scheme = "http";
        private final TreeMap<String, List<String>> params = new TreeMap<>();
        private boolean honorLabels;
        private ParseOptions parsing = ParseOptions.DEFAULTS;
        private ScrapeLimits limits = ScrapeLimits.DEFAULTS;
        private @Nullable Relabeler relabel;
        private @Nullable Relabeler metricRelabel;
        private @Nullable CostProfile profile;
        private boolean compression = true;
        private List<ExpositionFormat> formats = DEFAULT_FORMATS;
        private boolean legacyNames;
        private @Nullable NameEscaping nameEscaping;
        private @Nullable ExpositionFormat fallbackFormat = ExpositionFormat.TEXT_0_0_4;
        private HttpSettings http = HttpSettings.DEFAULTS;
        private boolean instanceFromHostName = true;
        private boolean firstScrapeAtOnce = true;
        private @Nullable Duration waitUntilReady;
        private Reports reports = Reports.STANDARD;

        private Builder(String name) {
            if (Objects.requireNonNull(name, "name").isEmpty()) {
                throw new IllegalArgumentException("the job has no name: it becomes the label job of all its series");
            }
            this.name = name;
        }

        private Builder(Builder from) {
            name = from.name;
            targets.addAll(from.targets);
            sources.addAll(from.sources);
            discoveries.addAll(from.discoveries);
            engines.addAll(from.engines);
            engineCatalog = from.engineCatalog;
            interval = from.interval;
            timeout = from.timeout;
            path = from.path;
            scheme = from.scheme;
            params.putAll(from.params);
            honorLabels = from.honorLabels;
            parsing = from.parsing;
            limits = from.limits;
            relabel = from.relabel;
            metricRelabel = from.metricRelabel;
            profile = from.profile;
            compression = from.compression;
            formats = from.formats;
            legacyNames = from.legacyNames;
            nameEscaping = from.nameEscaping;
            fallbackFormat = from.fallbackFormat;
            http = from.http;
            instanceFromHostName = from.instanceFromHostName;
            firstScrapeAtOnce = from.firstScrapeAtOnce;
            waitUntilReady = from.waitUntilReady;
            reports = from.reports;
        }

        /**
         * Adds a target without labels of its own.
         *
         * @param address host and port, such as {@code 127.0.0.1:8000}
         * @return this
         */
        public Builder target(String address) {
            return target(Target.of(address));
        }

        /**
         * Adds a target.
         *
         * @param target scraped from the start
         * @return this
         */
        public Builder target(Target target) {
            targets.add(Objects.requireNonNull(target, "target"));
            return this;
        }

        /**
         * Adds what finds more targets: files, a server, DNS, or code of one's own. A target that is found in several ways
         * is scraped once.
         *
         * @param discovery started and closed with the scraper, so it serves this job alone
         * @return this
         */
        public Builder discovery(TargetDiscovery discovery) {
            discoveries.add(Objects.requireNonNull(discovery, "discovery"));
            return this;
        }

        /**
         * Adds an LLM engine of which only the address is known, see {@link EngineDiscovery}. What was found is in the labels
         * {@value EngineDiscovery#ENGINE_LABEL} and {@value EngineDiscovery#VERSION_LABEL} of {@link TargetStatus#target()};
         * if it is wrong, {@linkplain #engine(URI, LlmEngine) say what it is}, or give the URL with the path of the metrics.
         *
         * @param url such as {@code http://127.0.0.1:8000}; with a path, that is where its metrics are
         * @return this
         * @throws IllegalArgumentException if it is not the URL of a server, or has a user or a query
         */
        public Builder engine(URI url) {
            return engine(new EngineAddress(url, null));
        }

        /**
         * Adds an LLM engine of which address and kind are known; see {@link EngineDiscovery.Builder#engine(URI, LlmEngine)}.
         * It does not change what the job asks its targets for, as {@link #llm(String, LlmEngine)} does.
         *
         * @param url such as {@code http://127.0.0.1:8000}; with a path, that is where its metrics are
         * @param engine such as {@code EngineCatalog.builtIn().engine("vllm")}
         * @return this
         * @throws IllegalArgumentException if it is not the URL of a server, or has a user or a query
         */
        public Builder engine(URI url, LlmEngine engine) {
            return engine(new EngineAddress(url, Objects.requireNonNull(engine, "engine")));
        }

        private Builder engine(EngineAddress address) {
            // Refuses what is not the URL of an engine.
            address.addTo(EngineDiscovery.builder());
            engines.add(address);
            return this;
        }

        private record EngineAddress(URI url, @Nullable LlmEngine engine) {
            void addTo(EngineDiscovery.Builder discovery) {
                if (engine == null) {
                    discovery.engine(url);
                } else {
                    discovery.engine(url, engine);
                }
            }
        }

        private TargetDiscovery engineDiscovery() {
            EngineDiscovery.Builder discovery = EngineDiscovery.builder().http(http);
            engines.forEach(each -> each.addTo(discovery));
            if (engineCatalog != null) {
                discovery.catalog(engineCatalog);
            }
            return discovery.build();
        }

        /**
         * What is known of the engines that are {@linkplain #engine(URI) looked for}; {@link EngineCatalog#builtIn} by default.
         *
         * @param catalog another table
         * @return this
         */
        public Builder engineCatalog(EngineCatalog catalog) {
            engineCatalog = Objects.requireNonNull(catalog, "catalog");
            return this;
        }

        /**
         * Adds a source of this process: its metrics are taken at each interval like those of a target, without HTTP and
         * text. Its label {@code instance} is the host's name. An exception that it throws is a failed scrape.
         *
         * @param source collected on the scraper's workers, so it should be quick
         * @return this
         */
        public Builder source(MetricSource source) {
            return source(source, Labels.EMPTY);
        }

        /**
         * Adds a source of this process with labels for its series.
         *
         * @param source collected on the scraper's workers, so it should be quick
         * @param labels such as {@code instance="cache"}, if there is more than one source in the job
         * @return this
         */
        public Builder source(MetricSource source, Labels labels) {
            sources.add(new Source(Objects.requireNonNull(source, "source"), Objects.requireNonNull(labels, "labels")));
            return this;
        }

        /**
         * Time between two scrapes of a target; 15 s by default.
         *
         * @param interval at least a millisecond
         * @return this
         * @throws IllegalArgumentException if it is shorter
         */
        public Builder interval(Duration interval) {
            this.interval = atLeastAMillisecond("interval", interval);
            return this;
        }

        /**
         * How long a scrape may take until its page has come: connecting, headers and body. By default 10 s, or the
         * interval if that is shorter.
         *
         * @param timeout at most the interval
         * @return this
         * @throws IllegalArgumentException if it is shorter than a millisecond
         */
        public Builder timeout(Duration timeout) {
            this.timeout = atLeastAMillisecond("timeout", timeout);
            return this;
        }

        /**
         * The path of the page; {@code /metrics} by default.
         *
         * @param path without a query
         * @return this
         */
        public Builder path(String path) {
            if (path.indexOf('?') >= 0 || path.indexOf('#') >= 0) {
                throw new IllegalArgumentException(
                        "path \"" + path.replaceFirst("[?#].*", "") + "\" has a query: give it by param()");
            }
            this.path = path.startsWith("/") ? path : "/" + path;
            return this;
        }

        /**
         * The scheme; {@code http} by default. With {@code https}, as with a proxy, the name of a host cannot have an
         * underscore: the JDK's client takes no such URL; and of several addresses of a host it tries the first alone.
         *
         * @param scheme {@code http} or {@code https}
         * @return this
         * @throws IllegalArgumentException if it is another
         */
        public Builder scheme(String scheme) {
            this.scheme = checkedScheme(scheme);
            return this;
        }

        /**
         * Adds a query parameter.
         *
         * @param name of the parameter; given again, it gets one more value
         * @param value not encoded
         * @return this
         */
        public Builder param(String name, String value) {
            List<String> values = new ArrayList<>(params.getOrDefault(name, List.of()));
            values.add(Objects.requireNonNull(value, "value"));
            params.put(Objects.requireNonNull(name, "name"), List.copyOf(values));
            return this;
        }

        /**
         * Which label wins when the page and the target both have it. False, the default: the target's, and that of the
         * page becomes {@code exported_<name>}. True: that of the page, as a page which gathers other targets' series
         * needs it.
         *
         * @param honorLabels true for the page's
         * @return this
         */
        public Builder honorLabels(boolean honorLabels) {
            this.honorLabels = honorLabels;
            return this;
        }

        /**
         * How pages are read; tolerant and unchanged by default. Whether timestamps are honored, which series get stale
         * markers, and what becomes of histograms is said here. Samples out of order are always left out.
         *
         * @param parsing such as {@code ParseOptions.builder().honorTimestamps(false).build()}
         * @return this
         * @throws IllegalArgumentException if it has one of the limits that {@link #limits} has
         */
        public Builder parsing(ParseOptions parsing) {
            if (!ScrapeLimits.areLeftOpenBy(parsing)) {
                throw new IllegalArgumentException(
                        "the parser's options have a sampleLimit, seriesLimit or futureLimit: give it by limits()");
            }
            this.parsing = parsing;
            return this;
        }

        /**
         * How much of its targets the job takes: pages of less than 16 MiB, timestamps at most 10 minutes ahead by default.
         *
         * @param limits such as {@code ScrapeLimits.builder().samples(50_000).build()}
         * @return this
         */
        public Builder limits(ScrapeLimits limits) {
            this.limits = Objects.requireNonNull(limits, "limits");
            return this;
        }

        /**
         * Changes or drops targets, from the labels that they were found with. Besides the labels of {@link Target} it
         * sees {@code job} and what the job says of the scrape ({@code __address__}, {@code __scheme__}, {@code
         * __metrics_path__}, {@code __param_<name>}, {@code __scrape_interval__}, {@code __scrape_timeout__}), and what it
         * makes of them holds; own code returns those too that it leaves alone, as in {@code
         * Labels.of("env", "prod").withDefaults(labels)}. Prometheus' {@code relabel_configs}.
         *
         * @param relabel rules or own code
         * @return this
         */
        public Builder relabel(Relabeler relabel) {
            this.relabel = Objects.requireNonNull(relabel, "relabel");
            return this;
        }

        /**
         * Changes or drops series, once for each new one. It sees the labels of page and target together, {@code
         * __name__} among them; taking the name away fails the scrape. Other labels that begin with two underscores are
         * taken away afterwards. Prometheus' {@code metric_relabel_configs}.
         *
         * @param metricRelabel rules or own code
         * @return this
         */
        public Builder metricRelabel(Relabeler metricRelabel) {
            this.metricRelabel = Objects.requireNonNull(metricRelabel, "metricRelabel");
            return this;
        }

        /**
         * Drops series of known engines that are not worth their cost, before {@link #metricRelabel} sees the others; keeps all
         * by default. With a profile other than {@link CostProfile.Level#FULL}, {@code _created} lines become start timestamps
         * and no series.
         *
         * @param profile such as {@code CostProfile.of(Level.DASHBOARD, EngineCatalog.builtIn())}
         * @return this
         */
        public Builder profile(CostProfile profile) {
            this.profile = Objects.requireNonNull(profile, "profile");
            return this;
        }

        private @Nullable Relabeler effectiveMetricRelabel() {
            return profile == null
                    ? metricRelabel
                    : metricRelabel == null ? profile : Relabeler.of(profile, metricRelabel);
        }

        private ParseOptions effectiveParsing() {
            ParseOptions.Builder effective = parsing.toBuilder().dropOutOfOrder(true);
            limits.applyTo(effective);
            if (profile != null && profile.level() != CostProfile.Level.FULL) {
                effective.created(ParseOptions.Created.START_TIMESTAMP);
            }
            return effective.build();
        }

        /**
         * Whether targets may compress their pages by gzip; true by default. Compressing costs a Python engine more than
         * a fast network does. Targets on the same host are asked for plain pages always.
         *
         * @param compression false to ask for plain pages
         * @return this
         */
        public Builder compression(boolean compression) {
            this.compression = compression;
            return this;
        }

        /**
         * The formats to ask for, best first. A page is read in the format it says it has, whatever was asked for.
         *
         * @param formats one to five, none twice
         * @return this
         * @throws IllegalArgumentException if there is none, one twice, or more than five
         */
        public Builder formats(List<ExpositionFormat> formats) {
            if (formats.isEmpty()
                    || formats.size() > 5
                    || EnumSet.copyOf(formats).size() != formats.size()) {
                throw new IllegalArgumentException(
                        "formats " + formats + ": give one to five formats, and none of them twice");
            }
            this.formats = List.copyOf(formats);
            return this;
        }

        /**
         * Whether a series fails the scrape if, after relabeling, its name is not {@code [a-zA-Z_:][a-zA-Z0-9_:]*} or that of a
         * label is not {@code [a-zA-Z_][a-zA-Z0-9_]*}; false by default, since Prometheus 3 takes all names. Prometheus'
         * {@code metric_name_validation_scheme: legacy}. Its relabel rules are limited by {@code
         * RelabelRule.Builder.legacyNames}; external labels are not looked at.
         *
         * @param legacyNames true to fail
         * @return this
         */
        public Builder legacyNames(boolean legacyNames) {
            this.legacyNames = legacyNames;
            return this;
        }

        /**
         * What targets are asked to do with names outside the classic character set: {@link NameEscaping#ALLOW_UTF_8} by
         * default, or {@link NameEscaping#UNDERSCORES} with {@link #legacyNames}. Prometheus' {@code
         * metric_name_escaping_scheme}.
         *
         * @param nameEscaping not {@code ALLOW_UTF_8} with {@link #legacyNames}
         * @return this
         */
        public Builder nameEscaping(NameEscaping nameEscaping) {
            this.nameEscaping = Objects.requireNonNull(nameEscaping, "nameEscaping");
            return this;
        }

        /**
         * How to read a page whose content type is missing or tells nothing; as text 0.0.4 by default. The first such page of
         * each target is logged.
         *
         * @param format null to fail such a scrape, as Prometheus 3 does
         * @return this
         */
        public Builder fallbackFormat(@Nullable ExpositionFormat format) {
            fallbackFormat = format;
            return this;
        }

        /**
         * How to reach the targets: credentials, headers, redirects.
         *
         * @param http such as {@code HttpSettings.builder().credentials(Credentials.bearer(token)).build()}
         * @return this
         */
        public Builder http(HttpSettings http) {
            this.http = Objects.requireNonNull(http, "http");
            return this;
        }

        /**
         * Whether a target whose address is a wildcard or this very host ({@code 0.0.0.0}, {@code [::]}, {@code
         * 127.0.0.1}, {@code localhost}) gets the host's name instead of that address as its label {@code instance}; the
         * port stays. True by default: replicas that scrape "127.0.0.1:8000" each would all write the same series.
         *
         * @param instanceFromHostName false to take every address as written, as Prometheus does
         * @return this
         */
        public Builder instanceFromHostName(boolean instanceFromHostName) {
            this.instanceFromHostName = instanceFromHostName;
            return this;
        }

        /**
         * Whether a new target is scraped at once, and from then on at its own moments in the interval; true by default.
         *
         * @param firstScrapeAtOnce false to wait for its first moment, as Prometheus does
         * @return this
         */
        public Builder firstScrapeAtOnce(boolean firstScrapeAtOnce) {
            this.firstScrapeAtOnce = firstScrapeAtOnce;
            return this;
        }

        /**
         * Waits for targets that take minutes to come up, as engines do while they load a model: until a target gives its
         * first page it is asked this often, and what fails is neither reported ({@code up} 0) nor counted nor logged. The
         * first page is the first scrape; afterwards the target is scraped as any other. Off by default.
         *
         * @param probeInterval such as a second
         * @return this
         * @throws IllegalArgumentException if it is shorter than a millisecond
         */
        public Builder waitUntilReady(Duration probeInterval) {
            waitUntilReady = atLeastAMillisecond("probe interval", probeInterval);
            return this;
        }

        /**
         * Which series tell of the scrape itself; {@link Reports#STANDARD} by default.
         *
         * @param reports which
         * @return this
         */
        public Builder reports(Reports reports) {
            this.reports = Objects.requireNonNull(reports, "reports");
            return this;
        }

        /**
         * The job.
         *
         * @return an immutable job
         * @throws IllegalArgumentException if the timeout is longer than the interval, names are asked for that would fail
         *     the scrape, or the address of a target is not a host with or without a port and no relabeling can change that
         */
        public ScrapeJob build() {
            if (timeout != null && timeout.compareTo(interval) > 0) {
                throw new IllegalArgumentException("job " + name + ": timeout " + PrometheusDuration.format(timeout)
                        + " is longer than the interval " + PrometheusDuration.format(interval));
            }
            if (legacyNames && nameEscaping == NameEscaping.ALLOW_UTF_8) {
                throw new IllegalArgumentException(
                        "job " + name + ": with legacy names, targets cannot be asked for UTF-8"
                                + " names (allow-utf-8): use underscores, dots or values");
            }
            if (relabel == null) {
                targets.forEach(target -> Target.checkAddress(target.address()));
            }
            return new ScrapeJob(new Builder(this));
        }

        static String checkedScheme(String scheme) {
            String lower = scheme.toLowerCase(Locale.ROOT);
            if (!lower.equals("http") && !lower.equals("https")) {
                throw new IllegalArgumentException("scheme \"" + scheme + "\" is neither http nor https");
            }
            return lower;
        }

        private static Duration atLeastAMillisecond(String what, Duration duration) {
            if (duration.toMillis() < 1) {
                throw new IllegalArgumentException(what + " " + duration + " is shorter than a millisecond");
            }
            return duration;
        }
    }
}
