package io.github.promferry.testkit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * An inference engine's scheduler in miniature: requests arrive at a changing rate, wait, are prefilled in chunks,
 * decoded together one token a step, preempted when the KV cache is full. Steps take simulated time only; the course of
 * events depends on the seed alone, not on how often or how far {@link #runUntil} is called. Not thread-safe.
 */
final class ServingSimulation {
    static final int BLOCK_TOKENS = 16;
    static final int KV_BLOCKS = 1000;
    static final int MAX_RUNNING = 48;
    static final int MAX_MODEL_TOKENS = 40_960;

    private static final int KV_TOKENS = KV_BLOCKS * BLOCK_TOKENS;
    /** Prompt tokens of one step, all requests together: chunked prefill. */
    private static final int STEP_TOKENS = 2048;

    private static final double STEP_SECONDS = 0.008;
    private static final double SECONDS_PER_SEQUENCE = 0.000_25;
    private static final double SECONDS_PER_PROMPT_TOKEN = 0.000_012;
    /** Load swings once in this time, and every second swing has a burst that fills the queue. */
    private static final double SWING_SECONDS = 40;

    private static final double BURST_SECONDS = 6;
    private static final double BURST_FACTOR = 4;

    /** How a request ended; the words are vLLM's. */
    enum Finish {
        STOP("stop"),
        LENGTH("length"),
        ABORT("abort"),
        ERROR("error");

        final String word;

        Finish(String word) {
            this.word = word;
        }
    }

    /** One request on its way; times are simulated seconds. */
    static final class Request {
        final double arrival;
        final int promptTokens;
        final int cachedTokens;
        final int maxTokens;
        /** Where the model would end, the client goes away, or the engine fails. */
        private final int lastToken;

        private final Finish finish;
        double scheduled = -1;
        double firstTokenAt = -1;
        double lastTokenAt = -1;
        double finishedAt = -1;
        int generated;
        int preemptions;
        private int prefilled;

        private Request(
                double arrival, int promptTokens, int cachedTokens, int maxTokens, int lastToken, Finish finish) {
            this.arrival = arrival;
            this.promptTokens = promptTokens;
            this.cachedTokens = cachedTokens;
            this.maxTokens = maxTokens;
            this.lastToken = lastToken;
            this.finish = finish;
        }

        private int kvTokens() {
            return prefilled + (prefilled >= promptTokens ? generated : 0);
        }
    }

    /** Is told what happens, in order. */
    interface Observer {
        void arrived(Request request);

        /** A request left the queue for the first time. */
        void scheduled(Request request);

        void preempted(Request request);

        /** The engine ran a step, between these simulated seconds. */
        void step(int promptTokens, int generatedTokens, double begin, double end);

        void firstToken(Request request);

        /** A token after the first. */
        void nextToken(double interTokenSeconds);

        void finished(Request request, Finish finish);
    }

    private final Random random;
    private final double requestsPerSecond;
    private final Observer observer;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private final List<Request> running = new ArrayList<>();
    private double now;
    private Request next;
    private boolean stalled;
    private double traffic = 1;

    ServingSimulation(long seed, double requestsPerSecond, Observer observer) {
        this.random = new Random(seed);
        this.requestsPerSecond = requestsPerSecond;
        this.observer = observer;
        this.next = arrivalAfter(0);
    }

    int runningCount() {
        return running.size();
    }

    int waitingCount() {
        return waiting.size();
    }

    int kvTokens() {
        int tokens = 0;
        for (Request request : running) {
            tokens += request.kvTokens();
        }
        return tokens;
    }

    double kvUsage() {
        // Blocks are taken whole.
        long blocks = 0;
        for (Request request : running) {
            blocks += (request.kvTokens() + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
        }
        return Math.min(1, blocks / (double) KV_BLOCKS);
    }

    /** The tokens that the running requests may have at their end. */
    int promisedTokens() {
        int tokens = 0;
        for (Request request : running) {
            tokens += request.promptTokens + request.maxTokens;
        }
        return tokens;
    }

    /** Sets which share of the clients is there, from 0 to 1. */
    void traffic(double share) {
        traffic = share;
    }

    /** Begins a step that never ends: requests go on arriving, and no token is made until the stall is over. */
    void stall() {
        stalled = true;
    }

    /** Ends a stall now; the requests have waited meanwhile. */
    void recover(double seconds) {
        runUntil(seconds);
        stalled = false;
    }

    /** Runs all steps that end by the given time. */
    void runUntil(double seconds) {
        if (stalled) {
            arriveUntil(seconds);
            now = Math.max(now, seconds);
            if (running.isEmpty()) {
                prefill();
            }
            return;
        }
        while (true) {
            if (running.isEmpty() && waiting.isEmpty()) {
                if (next.arrival > seconds) {
                    return;
                }
                now = Math.max(now, next.arrival);
                arriveUntil(now);
                if (waiting.isEmpty()) {
                    continue;
                }
            }
            if (now >= seconds) {
                return;
            }
            step();
        }
    }

    private void step() {
        arriveUntil(now);
        double begin = now;
        int prompt = prefill();
        now += (STEP_SECONDS + running.size() * SECONDS_PER_SEQUENCE + prompt * SECONDS_PER_PROMPT_TOKEN)
                * (0.9 + 0.2 * random.nextDouble());
        int generated = 0;
        double step = 0;
        for (Request request : List.copyOf(running)) {
            if (request.prefilled < request.promptTokens) {
                continue;
            }
            generated++;
            request.generated++;
            if (request.firstTokenAt < 0) {
                request.firstTokenAt = now;
                observer.firstToken(request);
            } else {
                step = now - request.lastTokenAt;
                observer.nextToken(step);
            }
            request.lastTokenAt = now;
            if (request.generated >= Math.min(request.lastToken, request.maxTokens)) {
                request.finishedAt = now;
                running.remove(request);
                observer.finished(request, finishOf(request));
            }
        }
        observer.step(prompt, generated, begin, now);
        makeRoom();
    }

    private void arriveUntil(double seconds) {
        while (next.arrival <= seconds) {
            if (traffic == 1 || random.nextDouble() < traffic) {
                observer.arrived(next);
                waiting.add(next);
            }
            next = arrivalAfter(next.arrival);
        }
    }

    private static Finish finishOf(Request request) {
        return request.generated >= request.maxTokens ? Finish.LENGTH : request.finish;
    }

    /** Gives the step's token budget to running requests first, then to waiting ones; returns how much was used. */
    private int prefill() {
        int budget = STEP_TOKENS;
        for (Request request : running) {
            budget -= prefill(request, budget);
        }
        while (budget > 0 && running.size() < MAX_RUNNING && !waiting.isEmpty()) {
            Request request = waiting.peek();
            if (kvTokens() + request.promptTokens > KV_TOKENS) {
                break;
            }
            waiting.remove();
            if (request.scheduled < 0) {
                request.scheduled = now;
                request.prefilled = request.cachedTokens;
                observer.scheduled(request);
            }
            running.add(request);
            budget -= prefill(request, budget);
        }
        return STEP_TOKENS - budget;
    }

    private static int prefill(Request request, int budget) {
        int tokens = Math.min(budget, request.promptTokens - request.prefilled);
        request.prefilled += tokens;
        return tokens;
    }

    /** The youngest requests lose their cache and start again from the head of the queue. */
    private void makeRoom() {
        while (kvTokens() > KV_TOKENS - running.size() && running.size() > 1) {
            Request victim = running.remove(running.size() - 1);
            victim.prefilled = 0;
            victim.preemptions++;
            waiting.addFirst(victim);
            observer.preempted(victim);
        }
    }

    /** The first arrival of a Poisson process of changing rate, by thinning. */
    private Request arrivalAfter(double seconds) {
        double highest = requestsPerSecond * 1.6 * BURST_FACTOR;
        double at = seconds;
        do {
            at -= Math.log(1 - random.nextDouble()) / highest;
        } while (random.nextDouble() * highest > rate(at));
        int prompt = (int) Math.min(4000, Math.max(4, Math.exp(5.4 + 0.8 * random.nextGaussian())));
        // Follow-up turns share their beginning with a prompt that the cache has seen; whole blocks only.
        boolean followUp = random.nextDouble() < 0.4;
        int cached = followUp ? (int) (prompt * 0.7 * random.nextDouble()) / BLOCK_TOKENS * BLOCK_TOKENS : 0;
        int maxTokens = 128 << random.nextInt(3);
        int wanted = (int) Math.max(1, Math.exp(4.4 + 0.7 * random.nextGaussian()));
        Finish finish = finishOf(random.nextDouble());
        int last = finish == Finish.STOP ? wanted : 1 + random.nextInt(wanted);
        return new Request(at, prompt, cached, maxTokens, last, finish);
    }

    private static Finish finishOf(double fate) {
        if (fate < 0.02) {
            return Finish.ABORT;
        }
        return fate < 0.025 ? Finish.ERROR : Finish.STOP;
    }

    private double rate(double seconds) {
        double swing = 1 + 0.6 * Math.sin(2 * Math.PI * seconds / SWING_SECONDS);
        boolean burst = seconds % (2 * SWING_SECONDS) < BURST_SECONDS;
        return requestsPerSecond * (burst ? BURST_FACTOR : swing);
    }
}
