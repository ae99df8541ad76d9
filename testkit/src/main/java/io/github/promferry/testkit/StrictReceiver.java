package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.testkit.DecodedRequest.Entry;
import io.github.promferry.testkit.DecodedRequest.Point;
import io.github.promferry.testkit.WriteAttempt.Outcome;
import io.github.promferry.testkit.proto.v2.Histogram;
import java.io.IOException;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

/**
 * A Remote Write receiver, 1.0 and 2.0, on a free loopback port, that checks every rule of both specifications and keeps
 * what it gets in memory. Answers can be scripted, faults included. Thread-safe.
 *
 * <p>A request that breaks a rule is answered 400 and noted in {@link #violations()}; of such a request nothing is
 * stored. A request whose scripted answer is not 2xx stores nothing either, nor does one of 2.0 whose scripted 2xx has no
 * Written header ({@link ScriptedAnswer#success()} gets them): so answers a receiver of 1.0. Where the script breaks the connection after
 * the body was read, the samples are stored: the answer is lost, not the request. Sending the same message again is then
 * right, however compressed, and counted in {@link #repeatedSampleCount()}; after a 2xx that must have arrived it breaks a
 * rule.
 *
 * <pre>{@code
 * try (StrictReceiver receiver = StrictReceiver.start()) {
 *     receiver.then(ScriptedAnswer.status(503), ScriptedAnswer.resetAfterReading());
 *     ... write to receiver.uri() ...
 *     receiver.awaitSamples(10, Duration.ofSeconds(5));
 *     assertThat(receiver.violations()).isEmpty();
 * }
 * }</pre>
 */
public final class StrictReceiver implements AutoCloseable {
    /** Which messages the receiver understands. */
    public enum Dialect {
        /** 1.0 and 2.0. */
        BOTH,
        /** 1.0 only, answers 415 to 2.0, as the specification asks. */
        ONLY_1,
        /** 1.0 only, does not look at the content type: takes 2.0 for an empty 1.0 message, answers 204, stores nothing. */
        ONLY_1_BLIND,
        /** 2.0 only, answers 415 to 1.0. */
        ONLY_2
    }

    private static final String PATH = "/api/v1/write";

    /** A larger message is recognized by its compressed form. */
    private static final int MAX_RECOGNIZED_BYTES = 64 << 20;

    private final LoopbackServer server;
    private final String scheme;
    private final int keptSamples;
    private final int keptAttempts;
    private final int maxBodyBytes;
    private final int maxSamples;
    private final boolean repeatsAllowed;

    private final Deque<ScriptedAnswer> script = new ArrayDeque<>();
    private @Nullable ScriptedAnswer usual;
    private Dialect dialect;
    private @Nullable String authorization;

    private final ArrayDeque<WriteAttempt> attempts = new ArrayDeque<>();
    private int attemptCount;
    private final List<String> violations = new ArrayList<>();
    private final Map<Labels, Stored> store = new LinkedHashMap<>();
    private final Map<String, MetricMetadata> families = new LinkedHashMap<>();
    /** Digests of stored requests that bring samples; true once a 2xx must have reached the sender. */
    private final Map<String, Boolean> storedBodies;

    private long sampleCount;
    private long repeatedSampleCount;
    private long exemplarCount;

    /** One series. */
    private static final class Stored {
        final ArrayDeque<ReceivedSample> samples = new ArrayDeque<>();
        final List<Histogram> histograms = new ArrayList<>();
        final List<Exemplar> exemplars = new ArrayList<>();

        @Nullable
        MetricMetadata metadata;

        long lastTimestamp = Long.MIN_VALUE;
        /** Digest of the request that carries the series and is not answered yet. */
        @Nullable
        String unanswered;
    }

    private StrictReceiver(Builder builder) {
        scheme = builder.tls == null ? "http" : "https";
        keptSamples = builder.keptSamples;
        keptAttempts = builder.keptAttempts;
        storedBodies = new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > keptAttempts;
            }
        };
        maxBodyBytes = builder.maxBodyBytes;
        maxSamples = builder.maxSamples;
        repeatsAllowed = builder.repeatsAllowed;
        dialect = builder.dialect;
        authorization = builder.authorization;
        server = new LoopbackServer("strict-receiver", builder.clock, builder.tls, this::handle);
    }

    /**
     * Starts a receiver of both versions.
     *
     * @return a running receiver
     */
    public static StrictReceiver start() {
        return builder().start();
    }

    /**
     * A receiver with other settings.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Where to write to.
     *
     * @return such as {@code http://127.0.0.1:40123/api/v1/write}
     */
    public URI uri() {
        return URI.create(scheme + "://127.0.0.1:" + port() + PATH);
    }

    /**
     * Its port, which it keeps when stopped and started again.
     *
     * @return a port number
     */
    public int port() {
        return server.port();
    }

    // ---- script

    /**
     * Scripts the next requests, after those that are scripted already.
     *
     * @param answers each is used once, in order of arrival
     * @return this receiver
     */
    public synchronized StrictReceiver then(ScriptedAnswer... answers) {
        script.addAll(List.of(answers));
        return this;
    }

    /**
     * Sets the answer to every request that is not scripted.
     *
     * @param answer from now on; null for the proper one: 204, with the Written headers for 2.0
     * @return this receiver
     */
    public synchronized StrictReceiver answer(@Nullable ScriptedAnswer answer) {
        usual = answer;
        return this;
    }

    /**
     * Changes what the receiver understands, as an upgrade does.
     *
     * @param newDialect from now on
     * @return this receiver
     */
    public synchronized StrictReceiver dialect(Dialect newDialect) {
        dialect = newDialect;
        return this;
    }

    /**
     * Answers 401 to requests that lack exactly this header.
     *
     * @param headerValue value of {@code Authorization}, or null to take all
     * @return this receiver
     */
    public synchronized StrictReceiver requireAuthorization(@Nullable String headerValue) {
        authorization = headerValue;
        return this;
    }

    /** Refuses connections until started again; the open ones are closed. What was stored stays. */
    public void stop() {
        server.stop();
    }

    /** Listens again on the same port. */
    public void restart() {
        server.start();
    }

    @Override
    public void close() {
        server.close();
    }

    // ---- what came

    /**
     * All requests that reached the receiver, in order of arrival.
     *
     * @return a copy
     */
    public synchronized List<WriteAttempt> attempts() {
        return List.copyOf(attempts);
    }

    /**
     * The rules that requests broke.
     *
     * @return a copy; empty if all is well
     */
    public synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /**
     * The series that have samples or histograms.
     *
     * @return a copy in the order of first arrival
     */
    public synchronized Set<Labels> series() {
        return Collections.unmodifiableSet(new LinkedHashSet<>(store.keySet()));
    }

    /**
     * The series of a metric.
     *
     * @param metricName value of {@code __name__}
     * @return a sorted copy
     */
    public synchronized Set<Labels> seriesNamed(String metricName) {
        Set<Labels> named = new TreeSet<>();
        for (Labels labels : store.keySet()) {
            if (metricName.equals(labels.metricName())) {
                named.add(labels);
            }
        }
        return named;
    }

    /**
     * The samples of a series.
     *
     * @param series full labels
     * @return a copy in the order of arrival; empty if there is no such series
     */
    public synchronized List<ReceivedSample> samples(Labels series) {
        Stored stored = store.get(series);
        return stored == null ? List.of() : List.copyOf(stored.samples);
    }

    /**
     * The newest sample of each series.
     *
     * @return a copy
     */
    public synchronized Map<Labels, ReceivedSample> latest() {
        Map<Labels, ReceivedSample> latest = new LinkedHashMap<>();
        store.forEach((labels, stored) -> {
            ReceivedSample last = stored.samples.peekLast();
            if (last != null) {
                latest.put(labels, last);
            }
        });
        return latest;
    }

    /**
     * The native histograms of a series, as 2.0 messages, which 1.0 is a part of.
     *
     * @param series full labels
     * @return a copy in the order of arrival
     */
    public synchronized List<Histogram> histograms(Labels series) {
        Stored stored = store.get(series);
        return stored == null ? List.of() : List.copyOf(stored.histograms);
    }

    /**
     * The exemplars of a series.
     *
     * @param series full labels
     * @return a copy in the order of arrival
     */
    public synchronized List<Exemplar> exemplars(Labels series) {
        Stored stored = store.get(series);
        return stored == null ? List.of() : List.copyOf(stored.exemplars);
    }

    /**
     * The metadata that came with a series in 2.0.
     *
     * @param series full labels
     * @return the newest, with the metric name as family, or null
     */
    public synchronized @Nullable MetricMetadata metadata(Labels series) {
        Stored stored = store.get(series);
        return stored == null ? null : stored.metadata;
    }

    /**
     * The metadata that came by family in 1.0.
     *
     * @return a copy, by family name
     */
    public synchronized Map<String, MetricMetadata> familyMetadata() {
        return Map.copyOf(families);
    }

    /**
     * How many samples were stored; repeats are not among them.
     *
     * @return since the start
     */
    public synchronized long sampleCount() {
        return sampleCount;
    }

    /**
     * How many samples came again because the answer to their first request was lost.
     *
     * @return since the start
     */
    public synchronized long repeatedSampleCount() {
        return repeatedSampleCount;
    }

    /**
     * How many exemplars were stored.
     *
     * @return since the start
     */
    public synchronized long exemplarCount() {
        return exemplarCount;
    }

    /**
     * Waits until samples are stored.
     *
     * @param count how many, since the start
     * @param atMost how long to wait
     * @throws AssertionError if fewer came in time
     */
    public void awaitSamples(long count, Duration atMost) {
        ScriptedTarget.awaitCount(this, () -> (int) sampleCount, Math.toIntExact(count), atMost, "samples");
    }

    /**
     * Waits for requests.
     *
     * @param count how many, since the start
     * @param atMost how long to wait
     * @return all requests so far
     * @throws AssertionError if fewer came in time
     */
    public List<WriteAttempt> awaitAttempts(int count, Duration atMost) {
        ScriptedTarget.awaitCount(this, () -> attemptCount, count, atMost, "requests");
        return attempts();
    }

    // ---- handling of a request

    private boolean handle(LoopbackServer.Exchange exchange) throws IOException, InterruptedException {
        ScriptedAnswer scripted;
        synchronized (this) {
            ScriptedAnswer next = script.poll();
            scripted = next != null ? next : usual;
        }
        if (scripted != null && scripted.leavesBodyUnread()) {
            note(exchange.head(), new byte[0], "", null, Outcome.REFUSED, scripted.visibleStatus(), List.of());
            return scripted.send(exchange);
        }
        byte[] body = exchange.readBody();
        String digest = sha256(message(body));
        Receipt receipt = receive(exchange.head(), body, digest, scripted);
        boolean alive;
        try {
            alive = receipt.answer.send(exchange, () -> answering(receipt.decoded, digest));
        } finally {
            answering(receipt.decoded, digest);
        }
        // Only now is it certain that the sender can have read the answer.
        synchronized (this) {
            if (receipt.stored && receipt.answer.surelyArrives()) {
                storedBodies.put(digest, true);
            }
        }
        return alive;
    }

    /** What was decided on a request before it is answered. */
    private record Receipt(ScriptedAnswer answer, @Nullable DecodedRequest decoded, boolean stored) {}

    private synchronized Receipt receive(
            RecordedRequest request, byte[] body, String digest, @Nullable ScriptedAnswer scripted) {
        String wanted = authorization;
        if (wanted != null && !request.headers("Authorization").equals(List.of(wanted))) {
            return refuse(request, body, digest, null, 401, "wrong credentials\n", List.of());
        }
        if (body.length > maxBodyBytes) {
            return refuse(request, body, digest, null, 413, "at most " + maxBodyBytes + " bytes\n", List.of());
        }
        boolean version2 = WriteRequestRules.isVersion2(request);
        if (version2 ? dialect == Dialect.ONLY_1 : dialect == Dialect.ONLY_2) {
            return refuse(request, body, digest, null, 415, "this message is not supported\n", List.of());
        }
        List<String> broken = new ArrayList<>();
        WriteRequestRules rules = new WriteRequestRules(broken);
        if (!request.target().equals(PATH)) {
            broken.add("path must be the configured " + PATH + ", is " + request.target());
        }
        rules.checkHead(request);
        DecodedRequest decoded = rules.decode(body, version2);
        Outcome outcome = Outcome.REFUSED;
        if (decoded != null && broken.isEmpty()) {
            if (decoded.sampleCount() > maxSamples) {
                return refuse(request, body, digest, decoded, 413, "at most " + maxSamples + " samples\n", List.of());
            }
            if (version2 && dialect == Dialect.ONLY_1_BLIND) {
                note(request, body, digest, decoded, Outcome.REFUSED, 204, broken);
                return new Receipt(ScriptedAnswer.status(204), decoded, false);
            }
            checkAgainstStore(decoded, digest, broken);
            if (broken.isEmpty()
                    && (scripted == null || (version2 ? scripted.keepsSamplesOf2() : scripted.keepsSamples()))) {
                outcome = storedBodies.containsKey(digest) ? Outcome.REPEATED : Outcome.STORED;
            }
        }
        if (!broken.isEmpty()) {
            return refuse(request, body, digest, decoded, 400, String.join("\n", broken) + "\n", broken);
        }
        ScriptedAnswer answer = scripted == null ? ScriptedAnswer.success() : scripted;
        if (answer.isSuccess() && version2 && decoded != null) {
            answer = withWrittenHeaders(answer, decoded);
        }
        note(request, body, digest, decoded, outcome, answer.visibleStatus(), broken);
        if (decoded == null || outcome == Outcome.REFUSED) {
            return new Receipt(answer, decoded, false);
        }
        if (outcome == Outcome.REPEATED) {
            repeatedSampleCount += decoded.sampleCount();
        } else {
            keep(decoded, attemptCount - 1);
            if (decoded.sampleCount() + decoded.histogramCount() > 0) {
                storedBodies.put(digest, false);
            }
        }
        for (Entry entry : decoded.entries) {
            Stored stored = entry.labels() == null ? null : store.get(entry.labels());
            if (stored != null) {
                stored.unanswered = digest;
            }
        }
        return new Receipt(answer, decoded, storedBodies.containsKey(digest));
    }

    private Receipt refuse(
            RecordedRequest request,
            byte[] body,
            String digest,
            @Nullable DecodedRequest decoded,
            int status,
            String text,
            List<String> broken) {
        note(request, body, digest, decoded, Outcome.REFUSED, status, broken);
        return new Receipt(ScriptedAnswer.status(status).body(text), decoded, false);
    }

    private synchronized void note(
            RecordedRequest request,
            byte[] body,
            String digest,
            @Nullable DecodedRequest decoded,
            Outcome outcome,
            int status,
            List<String> broken) {
        int samples = decoded == null ? 0 : decoded.sampleCount();
        if (attempts.size() == keptAttempts) {
            attempts.removeFirst();
        }
        attempts.add(new WriteAttempt(request, body.length, digest, samples, outcome, status, List.copyOf(broken)));
        for (String rule : broken) {
            violations.add("request " + attemptCount + ": " + rule);
        }
        attemptCount++;
        notifyAll();
    }

    private void checkAgainstStore(DecodedRequest decoded, String digest, List<String> broken) {
        Boolean answered = storedBodies.get(digest);
        if (answered != null) {
            if (answered && !repeatsAllowed) {
                broken.add("a request that was answered 2xx is sent again");
            }
            return;
        }
        Map<Labels, Long> newest = new HashMap<>();
        for (Entry entry : decoded.entries) {
            Labels labels = entry.labels();
            Stored stored = labels == null ? null : store.get(labels);
            if (stored != null && stored.unanswered != null && !stored.unanswered.equals(digest)) {
                broken.add(labels + ": a second request with this series came before the first was answered");
            }
            for (long timestamp : timestamps(entry)) {
                Long before = labels == null ? null : newest.get(labels);
                if (before == null && stored != null) {
                    before = stored.lastTimestamp;
                }
                if (before != null && timestamp <= before) {
                    broken.add(labels + ": sample at " + timestamp + " comes after the one at " + before);
                }
                if (labels != null) {
                    newest.put(labels, timestamp);
                }
            }
        }
    }

    private static List<Long> timestamps(Entry entry) {
        List<Long> timestamps = new ArrayList<>();
        for (Point point : entry.samples()) {
            timestamps.add(point.timestampMillis());
        }
        for (Histogram histogram : entry.histograms()) {
            timestamps.add(histogram.getTimestamp());
        }
        return timestamps;
    }

    private void keep(DecodedRequest decoded, int request) {
        for (Entry entry : decoded.entries) {
            Stored stored = store.computeIfAbsent(Objects.requireNonNull(entry.labels()), labels -> new Stored());
            for (Point point : entry.samples()) {
                if (stored.samples.size() == keptSamples) {
                    stored.samples.removeFirst();
                }
                long start = point.startTimestampMillis();
                stored.samples.add(new ReceivedSample(
                        point.timestampMillis(),
                        point.valueBits(),
                        start == 0 ? SampleBatch.NO_TIMESTAMP : start,
                        request));
                stored.lastTimestamp = point.timestampMillis();
            }
            for (Histogram histogram : entry.histograms()) {
                stored.histograms.add(histogram);
                stored.lastTimestamp = histogram.getTimestamp();
            }
            stored.exemplars.addAll(entry.exemplars());
            if (entry.metadata() != null) {
                stored.metadata = entry.metadata();
            }
        }
        for (MetricMetadata family : decoded.families) {
            families.put(family.family(), family);
        }
        sampleCount += decoded.sampleCount();
        exemplarCount += decoded.exemplarCount();
        notifyAll();
    }

    /** The sender may send the next request of these series from now on. */
    private synchronized void answering(@Nullable DecodedRequest decoded, String digest) {
        if (decoded == null) {
            return;
        }
        for (Entry entry : decoded.entries) {
            Stored stored = entry.labels() == null ? null : store.get(entry.labels());
            if (stored != null && digest.equals(stored.unanswered)) {
                stored.unanswered = null;
            }
        }
    }

    private static ScriptedAnswer withWrittenHeaders(ScriptedAnswer answer, DecodedRequest decoded) {
        return answer.header("X-Prometheus-Remote-Write-Samples-Written", String.valueOf(decoded.sampleCount()))
                .header("X-Prometheus-Remote-Write-Histograms-Written", String.valueOf(decoded.histogramCount()))
                .header("X-Prometheus-Remote-Write-Exemplars-Written", String.valueOf(decoded.exemplarCount()));
    }

    /** What a request is recognized by: a sender may compress it in another way when it sends it again. */
    private static byte[] message(byte[] body) {
        try {
            boolean isSound =
                    Snappy.isValidCompressedBuffer(body) && Snappy.uncompressedLength(body) <= MAX_RECOGNIZED_BYTES;
            return isSound ? Snappy.uncompress(body) : body;
        } catch (IOException e) {
            return body;
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Settings of a receiver. */
    public static final class Builder {
        private Clock clock = Clock.SYSTEM;
        private @Nullable SSLContext tls;
        private Dialect dialect = Dialect.BOTH;
        private @Nullable String authorization;
        private int keptSamples = Integer.MAX_VALUE;
        private int keptAttempts = Integer.MAX_VALUE;
        private int maxBodyBytes = 32 << 20;
        private int maxSamples = Integer.MAX_VALUE;
        private boolean repeatsAllowed;

        private Builder() {}

        /**
         * Sets the clock that stamps attempts.
         *
         * @param newClock the system's by default
         * @return this
         */
        public Builder clock(Clock newClock) {
            clock = newClock;
            return this;
        }

        /**
         * Makes the receiver speak TLS.
         *
         * @param keysAndTrust of the server
         * @return this
         */
        public Builder tls(SSLContext keysAndTrust) {
            tls = keysAndTrust;
            return this;
        }

        /**
         * Sets which messages the receiver understands.
         *
         * @param newDialect both by default
         * @return this
         */
        public Builder dialect(Dialect newDialect) {
            dialect = newDialect;
            return this;
        }

        /**
         * Asks for basic authentication; 401 without.
         *
         * @param user name
         * @param password in the clear
         * @return this
         */
        public Builder basicAuth(String user, String password) {
            authorization = "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
            return this;
        }

        /**
         * Bounds memory for long runs.
         *
         * @param newestOfEachSeries older samples are forgotten; all are kept by default
         * @return this
         */
        public Builder keepSamples(int newestOfEachSeries) {
            keptSamples = newestOfEachSeries;
            return this;
        }

        /**
         * Bounds memory for long runs.
         *
         * @param newest older attempts are forgotten, and repeats of them no longer recognized; all are kept by default
         * @return this
         */
        public Builder keepAttempts(int newest) {
            keptAttempts = newest;
            return this;
        }

        /**
         * Answers 413 to larger requests.
         *
         * @param compressedBytes 32 MiB by default
         * @return this
         */
        public Builder maxBodyBytes(int compressedBytes) {
            maxBodyBytes = compressedBytes;
            return this;
        }

        /**
         * Answers 413 to requests of more samples.
         *
         * @param samples unlimited by default
         * @return this
         */
        public Builder maxSamples(int samples) {
            maxSamples = samples;
            return this;
        }

        /**
         * Lets the sender repeat requests that were answered 2xx, as one that was killed before it noted the answer may.
         *
         * @return this
         */
        public Builder allowRepeats() {
            repeatsAllowed = true;
            return this;
        }

        /**
         * Starts the receiver.
         *
         * @return a running receiver
         */
        public StrictReceiver start() {
            StrictReceiver receiver = new StrictReceiver(this);
            receiver.server.start();
            return receiver;
        }
    }
}
