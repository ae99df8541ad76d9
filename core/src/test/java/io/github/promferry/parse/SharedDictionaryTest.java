package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Parsers of several threads on one dictionary so small that it is swept all the time: nobody gets anything but what it
 * would get alone, and no reference is lost or left behind.
 */
class SharedDictionaryTest {
    private static final int THREADS = 4;
    private static final int LAPS = 4000;
    private static final int MAX_LINES = 40;
    /**
     * Just enough: the page before and the page under way of every thread, and for each line the entry of another
     * spelling that it refers to.
     */
    private static final int MAX_ENTRIES = THREADS * 2 * MAX_LINES * 2;

    private final AtomicLong resolved = new AtomicLong();
    private final SeriesDictionary shared = new SeriesDictionary(
            (labels, metadata) -> {
                resolved.incrementAndGet();
                return resolve(labels, metadata);
            },
            MAX_ENTRIES);
    /** All threads begin each lap together, so that they meet new lines at the same time. */
    private final Phaser laps = new Phaser(THREADS);

    @Test
    @Timeout(60)
    void eachThreadGetsWhatItWouldGetAlone() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> targets = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(i);
                targets.add(threads.submit(() -> new Target().run(random)));
            }
            for (Future<?> target : targets) {
                target.get();
            }
        } finally {
            threads.shutdownNow();
            assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(resolved.get()).as("enough new lines for many sweeps").isGreaterThan(20L * MAX_ENTRIES);
        assertThat(shared.size()).isLessThanOrEqualTo(MAX_ENTRIES);
        assertThatNoEntryIsStillReferredTo();
    }

    /** A page that needs every place of the dictionary fits only if all others can be swept. */
    private void assertThatNoEntryIsStillReferredTo() {
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < MAX_ENTRIES; i++) {
            page.append("last{i=\"").append(i).append("\"} 1\n");
        }
        ExpositionParser parser = new ExpositionParser(shared, ParseOptions.DEFAULTS);
        assertThat(Pages.parse(parser, page.toString()).size()).isEqualTo(MAX_ENTRIES);
        assertThat(shared.size()).isEqualTo(MAX_ENTRIES);
    }

    /** Drops one family, so that dropped lines take part. */
    private static @Nullable Series resolve(Labels labels, MetricMetadata metadata) {
        return "m5".equals(labels.metricName()) ? null : Series.of(labels, metadata);
    }

    private final class Target {
        private final ExpositionParser parser = new ExpositionParser(shared, ParseOptions.DEFAULTS);
        /** Sees the same pages, with a dictionary of its own. */
        private final ExpositionParser alone =
                new ExpositionParser(new SeriesDictionary(SharedDictionaryTest::resolve), ParseOptions.DEFAULTS);

        private void run(Random random) {
            try {
                List<String> page = List.of();
                for (int lap = 0; lap < LAPS; lap++) {
                    page = changed(page, lap, random);
                    laps.arriveAndAwaitAdvance();
                    step(page, random);
                }
            } finally {
                laps.arriveAndDeregister();
                parser.forget();
            }
        }

        private void step(List<String> lines, Random random) {
            String page = String.join("\n", lines) + "\n";
            switch (random.nextInt(8)) {
                case 0 -> {
                    parser.forget();
                    alone.forget();
                }
                case 1 -> {
                    for (ExpositionParser each : List.of(parser, alone)) {
                        assertThatThrownBy(() -> Pages.parse(each, page + "bad{\n"))
                                .isInstanceOf(ExpositionException.class)
                                .hasMessageContaining("line " + (lines.size() + 1));
                    }
                    assertThat(vanished(parser)).isEqualTo(vanished(alone));
                }
                default -> {
                    // Most laps are a page only.
                }
            }
            SampleBatch batch = Pages.parse(parser, page);
            ExpositionParser fresh =
                    new ExpositionParser(new SeriesDictionary(SharedDictionaryTest::resolve), ParseOptions.DEFAULTS);
            assertThat(Pages.rows(batch)).isEqualTo(Pages.rows(Pages.parse(fresh, page)));
            assertThat(parser.sampleCount()).isEqualTo(fresh.sampleCount());
            assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(fresh.leftOutCount(LeftOut.DUPLICATE));
            Pages.parse(alone, page);
            assertThat(parser.newSeriesCount()).isEqualTo(alone.newSeriesCount());
            assertThat(vanished(parser)).isEqualTo(vanished(alone));
        }
    }

    private static List<String> vanished(ExpositionParser parser) {
        SampleBatch stale = new SampleBatch();
        parser.addVanished(1, stale);
        List<String> series = Pages.series(stale);
        Collections.sort(series);
        return series;
    }

    private static List<String> changed(List<String> page, int lap, Random random) {
        List<String> next = new ArrayList<>(page);
        Collections.rotate(next, random.nextInt(4) == 0 ? random.nextInt(MAX_LINES) : 0);
        for (int gone = random.nextInt(8); gone > 0 && !next.isEmpty(); gone--) {
            next.remove(random.nextInt(next.size()));
        }
        for (int added = random.nextInt(12); added > 0 && next.size() < MAX_LINES; added--) {
            next.add(random.nextInt(next.size() + 1), randomLine(lap, random));
        }
        return next;
    }

    /** Series come with the laps, the same for all threads, and come back when they may have been swept. */
    private static String randomLine(int lap, Random random) {
        int i = random.nextInt(8);
        int age = random.nextInt(10) == 0 ? random.nextInt(200) : random.nextInt(4);
        int pod = Math.max(0, lap - age);
        return switch (random.nextInt(10)) {
            case 0 -> "# TYPE m" + i + (random.nextBoolean() ? " counter" : " gauge");
            case 1 -> "# HELP m" + i + " lap " + pod;
            case 2 -> "# comment " + pod;
            case 3 -> "m" + i + "{pod=\"" + pod + "\",a=\"1\"} 3";
            case 4 -> "m" + i + "{a=\"1\",pod=\"" + pod + "\"} 4";
            case 5 -> "m" + i + "{pod=\"" + pod + "\"} 5 17";
            default -> "m" + i + "{pod=\"" + pod + "\"} " + random.nextInt(100) / 4.0;
        };
    }
}
