package io.github.promferry.scrape.engine;

import java.util.Objects;

/**
 * An engine that was recognized on a page. Immutable.
 *
 * @param engine which
 * @param version what the page tells of its version, such as {@code 0.10.2 or newer}; empty if it tells nothing
 * @param evidence the sample that proved it
 * @param decisive false if only names were met that other engines may have too; a later page may tell more
 * @since 0.1
 */
public record EngineMatch(LlmEngine engine, String version, String evidence, boolean decisive) {
    /**
     * A match.
     *
     * @param engine which
     * @param version what the page tells of its version
     * @param evidence the sample that proved it
     * @param decisive whether it is certain
     */
    public EngineMatch {
        Objects.requireNonNull(engine, "engine");
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(evidence, "evidence");
    }

    /** Such as {@code vLLM 0.10.2 or newer (vllm:kv_cache_usage_perc)}. */
    @Override
    public String toString() {
        return engine.name() + (version.isEmpty() ? "" : " " + version) + " (" + evidence + ")";
    }
}
