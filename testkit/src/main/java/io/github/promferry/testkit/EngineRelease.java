package io.github.promferry.testkit;

/** Whose page a {@link SimulatedEngine} has: an engine, and a release of it where names differ between releases. */
public enum EngineRelease {
    /**
     * vLLM's V1 engine as of 0.13, with two names more that no single release has together with the others, because
     * dashboards ask for them: {@code gpu_cache_usage_perc} (gone in 0.12) and {@code time_per_output_token_seconds} (gone
     * in 0.13).
     */
    VLLM("Qwen/Qwen3-0.6B"),
    /** vLLM 0.4 to 0.8 with its V0 engine, which has no label {@code engine}. */
    VLLM_V0("facebook/opt-125m"),
    /** vLLM until 0.9.1 with its V1 engine: names of the KV cache begin with {@code gpu_}. */
    VLLM_0_9("Qwen/Qwen3-0.6B"),
    /** vLLM from 0.13 on. */
    VLLM_0_13("Qwen/Qwen3-0.6B"),
    /** SGLang 0.5. */
    SGLANG("meta-llama/Llama-3.1-8B-Instruct"),
    /** SGLang until 0.4.4: {@code time_per_output_token_seconds} and other bounds. */
    SGLANG_0_4("meta-llama/Llama-3.1-8B-Instruct"),
    /** Text Generation Inference 3; its page does not name the model. */
    TGI("HuggingFaceH4/zephyr-7b-beta"),
    /** The server of llama.cpp in October 2026; its page does not name the model. */
    LLAMA_CPP("ggml-org/gemma-3-1b-it-GGUF"),
    /** The server of llama.cpp in spring 2025, with its gauges of the KV cache. */
    LLAMA_CPP_2025("ggml-org/gemma-3-1b-it-GGUF");

    final String usualModel;

    EngineRelease(String usualModel) {
        this.usualModel = usualModel;
    }

    /** The metrics of an engine that serves a model and starts at a time, in seconds since the Unix epoch. */
    EngineMetrics metrics(String model, double startSeconds) {
        return switch (this) {
            case VLLM -> new VllmMetrics(VllmMetrics.Names.BOTH, model, startSeconds);
            case VLLM_V0 -> new VllmV0Metrics(model, startSeconds);
            case VLLM_0_9 -> new VllmMetrics(VllmMetrics.Names.OLD, model, startSeconds);
            case VLLM_0_13 -> new VllmMetrics(VllmMetrics.Names.NEW, model, startSeconds);
            case SGLANG -> new SglangMetrics(model, startSeconds);
            case SGLANG_0_4 -> new SglangOldMetrics(model, startSeconds);
            case TGI -> new TgiMetrics();
            case LLAMA_CPP -> new LlamaCppMetrics(startSeconds, false);
            case LLAMA_CPP_2025 -> new LlamaCppMetrics(startSeconds, true);
        };
    }
}
