package io.github.promferry.testkit;

import io.github.promferry.testkit.ServingSimulation.Finish;
import io.github.promferry.testkit.ServingSimulation.Request;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import java.util.Map;

/**
 * The page of llama.cpp's server as it writes it by hand: no labels, no histograms, six digits of every number, tokens
 * counted when a request ends, and averages over the time since the page was last read. Its start time is in a header, in
 * seconds; the server of October 2026 has microseconds there, of a clock that began with the host.
 */
final class LlamaCppMetrics implements EngineMetrics {
    private final StringBuilder page = new StringBuilder();
    /** Until May 2025, with the words of that time and {@code -nan} before the first step. */
    private final boolean hasKvCache;

    private final long startSeconds;

    private double promptTokens;
    private double cachedTokens;
    private double promptSeconds;
    private double predictedTokens;
    private double predictedSeconds;
    private double decodes;
    private double busySlots;
    private double mostTokens;

    private double promptTokensRead;
    private double promptSecondsRead;
    private double predictedTokensRead;
    private double predictedSecondsRead;

    LlamaCppMetrics(double startSeconds, boolean hasKvCache) {
        this.startSeconds = (long) startSeconds;
        this.hasKvCache = hasKvCache;
    }

    @Override
    public void arrived(Request request) {
        // Deferred requests are counted when the page is made.
    }

    @Override
    public void scheduled(Request request) {
        // Processed requests are counted when the page is made.
    }

    @Override
    public void preempted(Request request) {
        // The server never takes a request out of its slot.
    }

    @Override
    public void step(int prompt, int generated, double begin, double end) {
        decodes++;
        busySlots += Math.max(1, generated);
    }

    @Override
    public void firstToken(Request request) {
        promptTokens += request.promptTokens - request.cachedTokens;
        cachedTokens += request.cachedTokens;
        promptSeconds += request.firstTokenAt - request.scheduled;
    }

    @Override
    public void nextToken(double interTokenSeconds) {
        // Counted when the request ends.
    }

    @Override
    public void finished(Request request, Finish finish) {
        predictedTokens += request.generated;
        predictedSeconds += request.finishedAt - request.firstTokenAt;
        mostTokens = Math.max(mostTokens, request.promptTokens + request.generated);
    }

    @Override
    public Map<String, String> headers() {
        return Map.of("Process-Start-Time-Unix", String.valueOf(startSeconds));
    }

    @Override
    public String page(ServingSimulation simulation, double uptimeSeconds) {
        page.setLength(0);
        if (hasKvCache) {
            pageOf2025(simulation);
        } else {
            pageOf2026(simulation);
        }
        return page.toString();
    }

    private void pageOf2025(ServingSimulation simulation) {
        family("prompt_tokens_total", "counter", "Number of prompt tokens processed.", promptTokens);
        family("prompt_seconds_total", "counter", "Prompt process time", promptSeconds);
        family("tokens_predicted_total", "counter", "Number of generation tokens processed.", predictedTokens);
        family("tokens_predicted_seconds_total", "counter", "Predict process time", predictedSeconds);
        family("n_decode_total", "counter", "Total number of llama_decode() calls", decodes);
        String busy = "Average number of busy slots per llama_decode() call";
        family("n_busy_slots_per_decode", "counter", busy, busySlots / decodes);
        averages(".");
        family("kv_cache_usage_ratio", "gauge", "KV-cache usage. 1 means 100 percent usage.", simulation.kvUsage());
        family("kv_cache_tokens", "gauge", "KV-cache tokens.", simulation.kvTokens());
        family("requests_processing", "gauge", "Number of request processing.", simulation.runningCount());
        family("requests_deferred", "gauge", "Number of request deferred.", simulation.waitingCount());
    }

    private void pageOf2026(ServingSimulation simulation) {
        String prompt = "Number of prompt tokens ";
        family("prompt_tokens_total", "counter", prompt + "processed, excluding cached tokens", promptTokens);
        family("prompt_tokens_cached_total", "counter", prompt + "reused from the cache", cachedTokens);
        family("prompt_seconds_total", "counter", "Total time spent processing prompts", promptSeconds);
        family("tokens_predicted_total", "counter", "Number of generation tokens processed", predictedTokens);
        family("tokens_predicted_seconds_total", "counter", "Total time spent generating tokens", predictedSeconds);
        String calls = "Total number of llama_decode() calls, excluding speculative decoding and multimodal decoding";
        family("n_decode_total", "counter", calls, decodes);
        family("n_tokens_max", "counter", "Largest observed sequence length (prompt + generation)", mostTokens);
        // Nothing is guessed ahead without a draft model.
        String drafts = "Speculative: Total draft tokens ";
        family("spec_decode_num_draft_tokens_total", "counter", drafts + "generated", 0);
        family("spec_decode_num_accepted_tokens_total", "counter", drafts + "accepted by the target model", 0);
        String steps = "Speculative: Total speculative decoding verification steps";
        family("spec_decode_num_drafts_total", "counter", steps, 0);
        averages("");
        family("requests_processing", "gauge", "Number of requests processing", simulation.runningCount());
        family("requests_deferred", "gauge", "Number of requests deferred", simulation.waitingCount());
        String busy = "Average number of busy slots per llama_decode() call";
        family("n_busy_slots_per_decode", "gauge", busy, busySlots / Math.max(1, decodes));
    }

    /** Reading begins them anew: a second reader makes both wrong (ggml-org/llama.cpp#25128). */
    private void averages(String end) {
        family(
                "prompt_tokens_seconds",
                "gauge",
                "Average prompt throughput in tokens/s" + end,
                average(promptTokens - promptTokensRead, promptSeconds - promptSecondsRead));
        family(
                "predicted_tokens_seconds",
                "gauge",
                "Average generation throughput in tokens/s" + end,
                average(predictedTokens - predictedTokensRead, predictedSeconds - predictedSecondsRead));
        promptTokensRead = promptTokens;
        promptSecondsRead = promptSeconds;
        predictedTokensRead = predictedTokens;
        predictedSecondsRead = predictedSeconds;
    }

    private static double average(double tokens, double seconds) {
        return tokens == 0 || seconds == 0 ? 0 : tokens / seconds;
    }

    private void family(String name, String type, String help, double value) {
        page.append("# HELP llamacpp:").append(name).append(' ').append(help).append('\n');
        page.append("# TYPE llamacpp:").append(name).append(' ').append(type).append('\n');
        page.append("llamacpp:").append(name).append(' ').append(number(value)).append('\n');
    }

    /** A number that is not negative as C++ streams print it: like {@code %g}, six digits. */
    static String number(double value) {
        if (Double.isNaN(value)) {
            return "-nan";
        }
        if (value == 0) {
            return "0";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros();
        int exponent = rounded.precision() - 1 - rounded.scale();
        if (exponent >= -4 && exponent < 6) {
            return rounded.toPlainString();
        }
        String digits = rounded.unscaledValue().toString();
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return mantissa + String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
}
