package io.github.promferry.scrape.discovery;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.LlmEngine;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * LLM engines whose address is known, but neither what they are nor where their metrics are. Each is asked for the paths that
 * engines have, one request at a time, in an order that has no side effects: TensorRT-LLM's before {@code /metrics}, where
 * that engine has statistics which every reading takes away. The first path that has samples is the target's; an engine that
 * does not answer yet is a target nevertheless, so that {@code up} tells of it, and is asked again.
 *
 * <p>Each target gets the labels {@code __meta_llm_engine} (the ids of the engines recognized, parted by commas, empty if
 * none was) and {@code __meta_llm_engine_version}. What was found is looked at again after the {@linkplain
 * Builder#recheckInterval recheck interval}, by one request, and sooner while nothing is certain: another engine may have
 * been started at the address. One page without what proved the engine does not change what it is taken for; a second one
 * does.
 *
 * <p>If the guess is wrong, say {@linkplain Builder#engine(URI, LlmEngine) what it is}. A URL with a path is not looked at:
 * its path is the target's.
 *
 * @since 0.1
 */
public final class EngineDiscovery extends PolledDiscovery {
    /** How long after a look in vain the next one follows unless told otherwise. */
    public static final Duration DEFAULT_REFRESH_INTERVAL = Duration.ofSeconds(5);

    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

    /** After how long what was found is looked at again unless told otherwise. */
    public static final Duration DEFAULT_RECHECK_INTERVAL = Duration.ofMinutes(5);

    /** The label that holds the ids of the engines recognized on the page of a target. */
    public static final String ENGINE_LABEL = "__meta_llm_engine";

    /** The label that holds what the page tells of the engine's version. */
    public static final String VERSION_LABEL = "__meta_llm_engine_version";

    private final List<Address> addresses;
    private final @Nullable EngineCatalog catalog;
    private final HttpSettings http;
    private final Duration timeout;
    private final int recheckLooks;
    /** Made by the first look. */
    private @Nullable List<EngineProbe> probes;

    /** Where an engine is, and which one if that was told. */
    private record Address(URI url, @Nullable LlmEngine engine) {}

    private EngineDiscovery(Builder builder) {
        super("promferry-engine-discovery", builder);
        addresses = List.copyOf(builder.addresses);
        catalog = builder.catalog;
        http = builder.http;
        timeout = builder.timeout == null ? DEFAULT_TIMEOUT : builder.timeout;
        recheckLooks = builder.recheckLooks();
    }

    /**
     * A builder.
     *
     * @return without engines yet
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public String toString() {
        return addresses.size() == 1
                ? "looking at " + addresses.get(0).url()
                : "looking at " + addresses.size() + " engines";
    }

    @Override
    List<TargetGroup> look(Publisher publisher) throws InterruptedException {
        List<TargetGroup> groups = new ArrayList<>();
        for (EngineProbe probe : probes()) {
            String reason = probe.look();
            if (reason != null) {
                publisher.failed(reason);
            }
            groups.add(probe.group());
        }
        return groups;
    }

    /** On the lookup's thread: reading the table and making a client take their time. */
    private List<EngineProbe> probes() {
        List<EngineProbe> known = probes;
        if (known == null) {
            EngineCatalog engines = catalog == null ? EngineCatalog.builtIn() : catalog;
            PageRequest request = new PageRequest(http, timeout);
            known = addresses.stream()
                    .map(each -> new EngineProbe(each.url(), each.engine(), engines, request, recheckLooks))
                    .toList();
            probes = known;
        }
        return known;
    }

    /**
     * Collects settings; not thread-safe. The timeout is 5 s unless told otherwise.
     *
     * @since 0.1
     */
    public static final class Builder extends AskingBuilder<Builder> {
        private final List<Address> addresses = new ArrayList<>();
        private Duration recheckInterval = DEFAULT_RECHECK_INTERVAL;
        private @Nullable EngineCatalog catalog;

        private Builder() {
            super(DEFAULT_REFRESH_INTERVAL);
        }

        /**
         * Adds an engine.
         *
         * @param url such as {@code http://127.0.0.1:8000}; with a path, that is where its metrics are
         * @return this
         * @throws IllegalArgumentException if it is not the URL of a server, or has a user or a query
         */
        public Builder engine(URI url) {
            addresses.add(new Address(checked(url), null));
            return this;
        }

        /**
         * Adds an engine of which it is known what it is: only its {@linkplain LlmEngine#paths() paths} are looked at, and
         * whatever its page tells, this is what the target's label {@value #ENGINE_LABEL} says. A page that proves to be
         * another engine's is warned of.
         *
         * @param url as for {@link #engine(URI)}; if it has no port and is {@code http}, the engine's own is taken
         * @param engine such as {@code EngineCatalog.builtIn().engine("vllm")}
         * @return this
         * @throws IllegalArgumentException if it is not the URL of a server, or has a user or a query
         */
        public Builder engine(URI url, LlmEngine engine) {
            addresses.add(new Address(withPort(checked(url), engine.port()), engine));
            return this;
        }

        private static URI withPort(URI url, int port) {
            boolean isMissing = url.getPort() < 0 && port > 0 && "http".equalsIgnoreCase(url.getScheme());
            return isMissing
                    ? URI.create(url.getScheme() + "://" + url.getHost() + ":" + port + url.getRawPath())
                    : url;
        }

        /**
         * What is known of engines; {@link EngineCatalog#builtIn} by default.
         *
         * @param catalog another table
         * @return this
         */
        public Builder catalog(EngineCatalog catalog) {
            this.catalog = Objects.requireNonNull(catalog, "catalog");
            return this;
        }

        /**
         * After how long what was found is looked at again; 5 min by default. Meanwhile a page that proves no engine, or none
         * at all, is looked at after the refresh interval, twice that, four times that and so on.
         *
         * @param recheckInterval at least a millisecond, in steps of the refresh interval
         * @return this
         * @throws IllegalArgumentException if it is shorter
         */
        public Builder recheckInterval(Duration recheckInterval) {
            this.recheckInterval = PeriodicLookup.checkedInterval(recheckInterval);
            return this;
        }

        private int recheckLooks() {
            return (int) Math.max(1, Math.min(Integer.MAX_VALUE / 2, recheckInterval.dividedBy(refreshInterval)));
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * The discovery.
         *
         * @return not started yet
         */
        public EngineDiscovery build() {
            return new EngineDiscovery(this);
        }

        private static URI checked(URI url) {
            boolean web = "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
            if (url.getRawUserInfo() != null
                    || (url.getRawAuthority() != null && url.getRawAuthority().contains("@"))) {
                throw new IllegalArgumentException(
                        "the URL of an engine has a user: credentials belong in the HTTP settings");
            }
            if (!web || url.getHost() == null || url.getRawQuery() != null || url.getRawFragment() != null) {
                throw new IllegalArgumentException(
                        "\"" + ShownUrl.of(url) + "\" is not the URL of an engine, such as http://127.0.0.1:8000");
            }
            return url;
        }
    }
}
