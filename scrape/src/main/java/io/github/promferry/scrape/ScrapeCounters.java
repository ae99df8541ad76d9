package io.github.promferry.scrape;

import io.github.promferry.parse.LeftOut;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** Totals of a job, those of targets that are gone included. Thread-safe. */
final class ScrapeCounters {
    final LongAdder scrapes = new LongAdder();
    final LongAdder skipped = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder samples = new LongAdder();
    final LongAdder dropped = new LongAdder();
    final LongAdder pageBytes = new LongAdder();
    final LongAdder nanos = new LongAdder();
    private final Map<LeftOut, LongAdder> leftOut = new EnumMap<>(LeftOut.class);
    private final Map<ScrapeFailure.Kind, LongAdder> failures = new EnumMap<>(ScrapeFailure.Kind.class);

    ScrapeCounters() {
        for (LeftOut why : LeftOut.values()) {
            leftOut.put(why, new LongAdder());
        }
        for (ScrapeFailure.Kind kind : ScrapeFailure.Kind.values()) {
            failures.put(kind, new LongAdder());
        }
    }

    void count(TargetStatus.LastScrape scrape) {
        scrapes.increment();
        samples.add(scrape.samplesScraped());
        dropped.add(scrape.samplesScraped() - scrape.samplesKept());
        scrape.leftOut().forEach((why, left) -> leftOut(why).add(left.count()));
        pageBytes.add(Math.max(0, scrape.bodyBytes()));
        nanos.add(scrape.duration().toNanos());
        ScrapeFailure failure = scrape.failure();
        if (failure != null) {
            failures(failure.kind()).increment();
        }
        if (scrape.refusal() != null) {
            refused.increment();
        }
    }

    LongAdder leftOut(LeftOut why) {
        return Objects.requireNonNull(leftOut.get(why));
    }

    LongAdder failures(ScrapeFailure.Kind kind) {
        return Objects.requireNonNull(failures.get(kind));
    }
}
