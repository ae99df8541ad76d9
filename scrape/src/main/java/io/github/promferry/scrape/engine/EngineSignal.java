package io.github.promferry.scrape.engine;

import io.github.promferry.MetricType;

/**
 * What an LLM engine tells of itself, whatever it calls it. Each signal has one name for all engines and versions, so that
 * one dashboard fits all, and a way to be added up over replicas.
 *
 * <p>Names follow the conventions of OpenTelemetry for generative AI ({@code gen_ai.server.*}, in Prometheus' spelling)
 * where those have one, and begin with {@code llm_} otherwise. A histogram keeps the bounds of its engine.
 *
 * @since 0.1
 */
public enum EngineSignal {
    /** Requests that are being computed. */
    REQUESTS_RUNNING("llm_requests_running", MetricType.GAUGE, "", Aggregation.SUM, "Requests being computed."),
    /** Requests that wait to be scheduled. */
    REQUESTS_WAITING("llm_requests_waiting", MetricType.GAUGE, "", Aggregation.SUM, "Requests waiting."),
    /** The used part of the KV cache, from 0 to 1. */
    KV_CACHE_USAGE(
            "llm_kv_cache_usage_ratio",
            MetricType.GAUGE,
            "ratio",
            Aggregation.AVERAGE,
            "Used part of the KV cache, 0 to 1."),
    /** From a request's arrival to its first token. */
    TIME_TO_FIRST_TOKEN(
            "gen_ai_server_time_to_first_token_seconds",
            MetricType.HISTOGRAM,
            "seconds",
            Aggregation.SUM,
            "Time from the arrival of a request to its first token."),
    /** Between two tokens; an observation for each token. */
    INTER_TOKEN_LATENCY(
            "llm_inter_token_latency_seconds",
            MetricType.HISTOGRAM,
            "seconds",
            Aggregation.SUM,
            "Time between two tokens of a request."),
    /** The mean time for a token after the first; an observation for each request. */
    TIME_PER_OUTPUT_TOKEN(
            "gen_ai_server_time_per_output_token_seconds",
            MetricType.HISTOGRAM,
            "seconds",
            Aggregation.SUM,
            "Mean time for a token after the first, by request."),
    /** From a request's arrival to its last token. */
    REQUEST_DURATION(
            "gen_ai_server_request_duration_seconds",
            MetricType.HISTOGRAM,
            "seconds",
            Aggregation.SUM,
            "Time from the arrival of a request to its last token."),
    /** From a request's arrival until it is scheduled. */
    QUEUE_TIME(
            "llm_request_queue_time_seconds",
            MetricType.HISTOGRAM,
            "seconds",
            Aggregation.SUM,
            "Time that a request waited to be scheduled."),
    /** Tokens of prompts. */
    PROMPT_TOKENS("llm_prompt_tokens_total", MetricType.COUNTER, "", Aggregation.SUM, "Tokens of prompts."),
    /** Tokens that were generated. */
    GENERATION_TOKENS("llm_generation_tokens_total", MetricType.COUNTER, "", Aggregation.SUM, "Tokens generated."),
    /** Tokens of prompts that need not be computed since a cache had them. */
    CACHED_TOKENS(
            "llm_cached_tokens_total", MetricType.COUNTER, "", Aggregation.SUM, "Prompt tokens taken from a cache."),
    /** Tokens looked up in the prefix cache. */
    PREFIX_CACHE_QUERIES(
            "llm_prefix_cache_queries_total",
            MetricType.COUNTER,
            "",
            Aggregation.SUM,
            "Tokens looked up in the prefix cache."),
    /** Tokens found in the prefix cache. */
    PREFIX_CACHE_HITS(
            "llm_prefix_cache_hits_total",
            MetricType.COUNTER,
            "",
            Aggregation.SUM,
            "Tokens found in the prefix cache."),
    /** What an engine itself says of its prefix cache, from 0 to 1; the rates of hits and queries are the better source. */
    PREFIX_CACHE_HIT_RATIO(
            "llm_prefix_cache_hit_ratio",
            MetricType.GAUGE,
            "ratio",
            Aggregation.AVERAGE,
            "Hit ratio of the prefix cache as the engine computes it, 0 to 1."),
    /** Requests that had to give up their memory and be computed again. */
    PREEMPTIONS("llm_preemptions_total", MetricType.COUNTER, "", Aggregation.SUM, "Requests preempted."),
    /** Requests that have ended in whatever way, by reason where the engine tells it. */
    REQUESTS_FINISHED(
            "llm_requests_finished_total",
            MetricType.COUNTER,
            "",
            Aggregation.SUM,
            "Requests ended, in whatever way, by reason where the engine tells it."),
    /** Requests that were aborted or failed. */
    REQUESTS_FAILED(
            "llm_requests_failed_total", MetricType.COUNTER, "", Aggregation.SUM, "Requests aborted or failed."),
    /** Times that the engine has run its model: while it works this grows, whatever it works on. */
    ENGINE_STEPS("llm_engine_steps_total", MetricType.COUNTER, "", Aggregation.SUM, "Times the model was run."),
    /** 1 while the engine has put its weights away. */
    ENGINE_SLEEPING(
            "llm_engine_sleeping",
            MetricType.GAUGE,
            "",
            Aggregation.MAXIMUM,
            "1 while the engine has put its weights away, for each way of doing so.");

    /**
     * What to do with the values of several replicas, ranks or engines. Of counters and histograms it is their rates (and
     * those of buckets with equal bounds) that are added up.
     *
     * @since 0.1
     */
    public enum Aggregation {
        /** Add up. */
        SUM,
        /** Take the mean, by capacity where it differs, and look at the maximum too; a sum of ratios means nothing. */
        AVERAGE,
        /** Take the largest. */
        MAXIMUM
    }

    private final String metricName;
    private final MetricType type;
    private final String unit;
    private final Aggregation aggregation;
    private final String help;

    EngineSignal(String metricName, MetricType type, String unit, Aggregation aggregation, String help) {
        this.metricName = metricName;
        this.type = type;
        this.unit = unit;
        this.aggregation = aggregation;
        this.help = help;
    }

    /**
     * The name of the metric that has this signal for all engines.
     *
     * @return a family name; a counter's ends in {@code _total}
     */
    public String metricName() {
        return metricName;
    }

    /**
     * What kind of metric it is, whatever the engine declares.
     *
     * @return a counter, gauge or histogram
     */
    public MetricType type() {
        return type;
    }

    /**
     * The unit of the values.
     *
     * @return {@code seconds}, {@code ratio}, or empty for things that are counted
     */
    public String unit() {
        return unit;
    }

    /**
     * How to add up replicas.
     *
     * @return an operator
     */
    public Aggregation aggregation() {
        return aggregation;
    }

    /**
     * What the signal is, in a sentence.
     *
     * @return a help text
     */
    public String help() {
        return help;
    }
}
