package io.github.promferry.testkit;

/** Whose page a {@link SimulatedEngine} has: an engine, and a release of it where names differ between releases. */
public enum EngineRelease {
    /**
     * vLLM's V1 engine as of 0.13, with two names more that no single release has together with the others, because
     * dashboards ask for them: {@code gpu_cache_usage_perc} (gone in 0.12) and {@code time_per_output_token_seconds} (gone
     * in 0.13).
     */
    VLLM("Qwen/Qwen3-0.6B") {
        @Override
        EngineMetrics metrics(String model, double startSeconds) {
            return new VllmMetrics(model, startSeconds);
        }
    },
    /** SGLang 0.5. */
    SGLANG("meta-llama/Llama-3.1-8B-Instruct") {
        @Override
        EngineMetrics metrics(String model, double startSeconds) {
            return new SglangMetrics(model, startSeconds);
        }
    },
    /** Text Generation Inference 3; its page does not name the model. */
    TGI("HuggingFaceH4/zephyr-7b-beta") {
        @Override
        EngineMetrics metrics(String model, double startSeconds) {
            return new TgiMetrics();
        }
    },
    /** The server of llama.cpp since 2026; its page does not name the model. */
    LLAMA_CPP("ggml-org/gemma-3-1b-it-GGUF") {
        @Override
        EngineMetrics metrics(String model, double startSeconds) {
            return new LlamaCppMetrics(startSeconds, false);
        }
    },
    /** The server of llama.cpp in February 2025, with its gauges of the KV cache. */
    LLAMA_CPP_2025("ggml-org/gemma-3-1b-it-GGUF") {
        @Override
        EngineMetrics metrics(String model, double startSeconds) {
            return new LlamaCppMetrics(startSeconds, true);
        }
    };

    final String usualModel;

    EngineRelease(String usualModel) {
        this.usualModel = usualModel;
    }

    /** Metrics of an engine that starts at this time, in seconds since the Unix epoch. */
    abstract EngineMetrics metrics(String model, double startSeconds);
}
