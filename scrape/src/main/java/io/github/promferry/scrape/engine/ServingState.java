package io.github.promferry.scrape.engine;

/**
 * What an engine is doing, as far as its page tells. A symptom has to last for the {@linkplain
 * EngineMonitor.Builder#patience patience} of the monitor before it counts, so that states do not flicker.
 *
 * <pre>
 *               first page    second page
 *   (no answer) ──────────► STARTING ──────► IDLE ◄──► SERVING ◄──► SATURATED
 *                                              ▲          │
 *   up = 0: DOWN                               │          ├──► STALLED   page moves, tokens do not
 *   a new process: RESTARTING ─── second page ─┘          └──► FROZEN    not a number on the page moves
 * </pre>
 *
 * @since 0.1
 */
public enum ServingState {
    /** It has not answered yet, has no metrics of an engine on its page, or only one page was seen. */
    STARTING,
    /** No requests. */
    IDLE,
    /** Requests run, and tokens are made. */
    SERVING,
    /** Serving, but requests wait or the KV cache is full: more load makes it slower, not busier. */
    SATURATED,
    /** Requests run or wait and no token is made: the model hangs while its server still answers. */
    STALLED,
    /**
     * No number on the page moves although requests are there: what answers is not the engine any more. Known of an idle
     * engine only if its page moves by itself, as one with {@code process_cpu_seconds_total} does: those of vLLM with one
     * API server, LMDeploy and Dynamo's workers. On an idle page of SGLang, TGI, llama.cpp or vLLM with several API servers
     * nothing moves, frozen or not; those stay {@link #IDLE} until a request comes.
     */
    FROZEN,
    /** It was started anew, and only one page of the new process was seen. */
    RESTARTING,
    /** The last scrape failed. */
    DOWN
}
