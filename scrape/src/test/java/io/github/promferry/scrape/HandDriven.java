package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import io.github.promferry.SampleValues;
import io.github.promferry.testkit.ManualClock;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A scraper without threads: the test moves the clock, says what targets answer, and reads what the sink got. */
final class HandDriven implements AutoCloseable {
    final ManualClock clock = new ManualClock();
    final Answers answers = new Answers();
    final Rows rows = new Rows();
    final List<String> events = new ArrayList<>();
    final Scraper scraper;

    HandDriven(ScrapeJob... jobs) {
        this(builder -> {}, jobs);
    }

    HandDriven(Consumer<Scraper.Builder> more, ScrapeJob... jobs) {
        Scraper.Builder builder = Scraper.builder()
                .sink(rows)
                .clock(clock)
                .hostName("this-host")
                .byHand(Runnable::run, job -> answers)
                .listener(new ScrapeListener() {
                    @Override
                    public void scraped(TargetStatus status) {
                        events.add("scraped " + status.health());
                    }

                    @Override
                    public void skipped(TargetStatus status) {
                        events.add("skipped");
                    }
                });
        for (ScrapeJob job : jobs) {
            builder.job(job);
        }
        more.accept(builder);
        scraper = builder.build();
    }

    static ScrapeJob.Builder job() {
        return ScrapeJob.builder("llm")
                .interval(Duration.ofSeconds(10))
                .timeout(Duration.ofSeconds(4))
                .reports(ScrapeJob.Reports.NONE);
    }

    HandDriven start() {
        scraper.start();
        scraper.schedule().ringDue();
        return this;
    }

    /** Lets time pass millisecond by millisecond, so that every alarm rings on time. */
    void advance(Duration step) {
        for (long i = 0; i < step.toMillis(); i++) {
            clock.advance(Duration.ofMillis(1));
            scraper.schedule().ringDue();
        }
    }

    /** To the next scrape of the first target, which happens. */
    void nextTick() {
        advance(Duration.ofMillis(status().nextScrapeMillis() - clock.wallMillis()));
    }

    TargetStatus status() {
        return scraper.status().get(0);
    }

    @Override
    public void close() {
        scraper.close();
    }

    /** What targets answer. */
    static final class Answers implements Fetcher {
        final List<Pending> pending = new ArrayList<>();
        final List<Request> requests = new ArrayList<>();
        private final Map<String, Deque<Consumer<Pending>>> scripts = new HashMap<>();
        private final Deque<Consumer<Pending>> script = new ArrayDeque<>();
        boolean closed;

        /** The next answer to anybody. */
        Answers then(Consumer<Pending> answer) {
            script.add(answer);
            return this;
        }

        /** The next answer of one target. */
        Answers then(String hostPort, Consumer<Pending> answer) {
            scripts.computeIfAbsent(hostPort, key -> new ArrayDeque<>()).add(answer);
            return this;
        }

        Answers page(String page) {
            return then(fetch -> fetch.page(page));
        }

        @Override
        public Fetch fetch(Request request, Receiver receiver) {
            requests.add(request);
            Pending fetch = new Pending(receiver);
            Deque<Consumer<Pending>> own = scripts.getOrDefault(request.uri().getAuthority(), new ArrayDeque<>());
            Consumer<Pending> answer = own.isEmpty() ? script.poll() : own.poll();
            if (answer == null) {
                pending.add(fetch);
            } else {
                answer.accept(fetch);
            }
            return fetch;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** A fetch that the test answers. */
    static final class Pending implements Fetcher.Fetch {
        private final Fetcher.Receiver receiver;
        boolean canceled;

        Pending(Fetcher.Receiver receiver) {
            this.receiver = receiver;
        }

        void page(String page) {
            page(page, "text/plain; version=0.0.4");
        }

        void page(String page, String contentType) {
            page(page.getBytes(StandardCharsets.UTF_8), contentType, null);
        }

        void page(byte[] page, @Nullable String contentType, @Nullable String contentEncoding) {
            PageBuffer body = new PageBuffer();
            body.append(ByteBuffer.wrap(page));
            receiver.arrived(new Fetcher.Page(contentType, contentEncoding, body));
        }

        void fail(ScrapeFailure.Kind kind, String message) {
            receiver.failed(ScrapeFailure.of(kind, message));
        }

        @Override
        public void cancel() {
            canceled = true;
        }
    }

    /** What the sink got, as {@code series value @timestamp}; a stale marker's value is {@code stale}. */
    static final class Rows implements SampleSink {
        final List<String> all = new ArrayList<>();
        final List<Integer> batchSizes = new ArrayList<>();
        private final List<String> fresh = new ArrayList<>();
        boolean refuse;
        RuntimeException failure;

        @Override
        public synchronized boolean append(SampleBatch batch) {
            if (failure != null) {
                throw failure;
            }
            if (refuse) {
                return false;
            }
            batchSizes.add(batch.size());
            for (int row = 0; row < batch.size(); row++) {
                Labels labels = batch.series(row).fullLabels(batch.commonLabels());
                long bits = batch.valueBits(row);
                String value = SampleValues.isStale(bits) ? "stale" : format(Double.longBitsToDouble(bits));
                fresh.add(labels + " " + value + " @" + batch.timestamp(row));
            }
            all.addAll(fresh.subList(fresh.size() - batch.size(), fresh.size()));
            return true;
        }

        /** Those since the last call. */
        synchronized List<String> take() {
            List<String> taken = List.copyOf(fresh);
            fresh.clear();
            return taken;
        }

        /** Those since the last call, without labels and timestamps. */
        List<String> takeBrief() {
            return take().stream()
                    .map(row -> row.replaceFirst("\\{.*\\}", "").replaceFirst(" @.*", ""))
                    .toList();
        }

        private static String format(double value) {
            return value == Math.rint(value) && Math.abs(value) < 1e15
                    ? String.valueOf((long) value)
                    : String.valueOf(value);
        }
    }
}
