package io.github.promferry.testkit;

import io.github.promferry.testkit.MetricsPage.Client;
import io.github.promferry.testkit.MetricsPage.Family;
import io.github.promferry.testkit.ServingSimulation.Finish;
import io.github.promferry.testkit.ServingSimulation.Request;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The page of Text Generation Inference 3: the families that its documentation lists (docs/source/reference/metrics.md)
 * in the format of metrics-exporter-prometheus 0.15, bounds as its router sets them. No label names the model, counters
 * have no suffix, tokens are counted when a request ends, and a family appears with its first use: a new engine's page
 * is almost empty.
 */
final class TgiMetrics implements EngineMetrics {
    private static final int MAX_INPUT_TOKENS = 4095;
    private static final int MAX_TOTAL_TOKENS = 8192;
    private static final double[] DURATION_BOUNDS = durationBounds();
    private static final double[] INPUT_BOUNDS = bounds(100, n -> MAX_INPUT_TOKENS / 100.0 * n);
    private static final double[] TOKEN_BOUNDS = bounds(100, n -> MAX_TOTAL_TOKENS / 100.0 * n);
    private static final double[] BATCH_BOUNDS = bounds(1024, n -> n);
    /** As many as tokens are speculated, and 0. */
    private static final double[] SKIPPED_BOUNDS = {0};

    private static final String[] PREFILL = {"method", "prefill"};
    private static final String[] DECODE = {"method", "decode"};
    /** Shares of a step. */
    private static final double FORWARD = 0.93;

    private static final double TOKEN_DECODING = 0.02;

    private final MetricsPage page = new MetricsPage(Client.RUST, 0);
    private final Family requests = page.counter("tgi_request_count", "Total number of requests");
    private final Family successes = page.counter("tgi_request_success", "Number of successful requests");
    private final Family failures = page.counter("tgi_request_failure", "Number of failed requests");
    private final Family inferences =
            page.counter("tgi_batch_inference_count", "Inference calls per method (prefill or decode)");
    private final Family inferenceSuccesses = page.counter(
            "tgi_batch_inference_success", "Number of successful inference calls per method (prefill or decode)");
    private final Family concats = page.counter("tgi_batch_concat", "Number of batch concatenations");
    private final Family queueSize = page.gauge("tgi_queue_size", "Current number of requests in the queue");
    private final Family batchSize = page.gauge("tgi_batch_current_size", "Current batch size");
    private final Family batchMaxTokens =
            page.gauge("tgi_batch_current_max_tokens", "Maximum tokens for the current batch");
    private final Family inferenceDuration =
            duration("tgi_batch_inference_duration", "Batch inference duration per method (prefill or decode)");
    private final Family forwardDuration =
            duration("tgi_batch_forward_duration", "Batch forward duration per method (prefill or decode)");
    private final Family decodeDuration =
            duration("tgi_batch_decode_duration", "Time spent decoding a batch per method (prefill or decode)");
    private final Family filterDuration = duration(
            "tgi_batch_filter_duration",
            "Time spent filtering batches and sending generated tokens per method (prefill or decode)");
    private final Family nextSize = page.histogram("tgi_batch_next_size", "Maximum batch size", BATCH_BOUNDS);
    private final Family requestDuration = duration("tgi_request_duration", "Request duration");
    private final Family validationDuration =
            duration("tgi_request_validation_duration", "Time spent validating requests");
    private final Family queueDuration = duration("tgi_request_queue_duration", "Request queue duration");
    private final Family requestInference = duration("tgi_request_inference_duration", "Request inference duration");
    private final Family timePerToken = duration(
            "tgi_request_mean_time_per_token_duration", "Mean time per token per request (inter-token latency)");
    private final Family inputLength =
            page.histogram("tgi_request_input_length", "Input token length per request", INPUT_BOUNDS);
    private final Family generatedTokens =
            page.histogram("tgi_request_generated_tokens", "Generated tokens per request", TOKEN_BOUNDS);
    private final Family maxNewTokens =
            page.histogram("tgi_request_max_new_tokens", "Maximum new tokens per request", TOKEN_BOUNDS);
    private final Family skippedTokens =
            page.histogram("tgi_request_skipped_tokens", "Speculated tokens per request", SKIPPED_BOUNDS);
    private boolean used;
    private int joining;

    private Family duration(String name, String help) {
        return page.histogram(name, help, DURATION_BOUNDS);
    }

    /** 0.0001 times 1.5 to the n, as the router multiplies it up. */
    private static double[] durationBounds() {
        double[] bounds = new double[35];
        double bound = 0.0001;
        for (int n = 0; n < bounds.length; n++) {
            bound *= 1.5;
            bounds[n] = bound;
        }
        return bounds;
    }

    private static double[] bounds(int count, IntToDoubleFunction bound) {
        return IntStream.rangeClosed(1, count).mapToDouble(bound).toArray();
    }

    @Override
    public void arrived(Request request) {
        used = true;
        requests.of().add(1);
        validationDuration.of().observe(0.0004 + 1e-6 * request.promptTokens);
        inputLength.of().observe(request.promptTokens);
        maxNewTokens.of().observe(request.maxTokens);
    }

    @Override
    public void scheduled(Request request) {
        joining++;
    }

    @Override
    public void preempted(Request request) {
        // The router never takes a request out of its batch.
    }

    @Override
    public void step(int prompt, int generated, double begin, double end) {
        if (joining > 0) {
            nextSize.of().observe(joining);
            concats.of("reason", "wait_exceeded").add(1);
            joining = 0;
        }
        if (prompt > 0) {
            inference(PREFILL, end - begin);
        }
        if (generated > 0) {
            inference(DECODE, end - begin);
        }
    }

    private void inference(String[] method, double seconds) {
        inferences.of(method).add(1);
        inferenceSuccesses.of(method).add(1);
        inferenceDuration.of(method).observe(seconds);
        forwardDuration.of(method).observe(seconds * FORWARD);
        decodeDuration.of(method).observe(seconds * TOKEN_DECODING);
        filterDuration.of(method).observe(seconds * (1 - FORWARD - TOKEN_DECODING));
    }

    @Override
    public void firstToken(Request request) {
        // There is no histogram of it: huggingface/text-generation-inference#2887.
    }

    @Override
    public void nextToken(double interTokenSeconds) {
        // Only the mean of a request is kept.
    }

    @Override
    public void finished(Request request, Finish finish) {
        if (finish == Finish.ABORT) {
            // A client that hangs up takes its request along.
            return;
        }
        if (finish == Finish.ERROR) {
            failures.of("err", "generation").add(1);
            return;
        }
        double inferenceSeconds = request.finishedAt - request.scheduled;
        successes.of().add(1);
        requestDuration.of().observe(request.finishedAt - request.arrival);
        queueDuration.of().observe(request.scheduled - request.arrival);
        requestInference.of().observe(inferenceSeconds);
        timePerToken.of().observe(inferenceSeconds / request.generated);
        generatedTokens.of().observe(request.generated);
        skippedTokens.of().observe(0);
    }

    @Override
    public String page(ServingSimulation simulation, double uptimeSeconds) {
        if (used) {
            queueSize.of().set(simulation.waitingCount());
            batchSize.of().set(simulation.runningCount());
            batchMaxTokens.of().set(simulation.promisedTokens());
        }
        return page.text();
    }
}
