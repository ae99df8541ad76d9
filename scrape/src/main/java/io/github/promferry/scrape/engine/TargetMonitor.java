package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.scrape.engine.ServingStateMachine.Observation;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one target. Pages come one after the other; a snapshot is made when somebody asks for it, once for each
 * page. Thread-safe.
 */
final class TargetMonitor {
    /** How many report series a batch may end with. */
    private static final int MOST_REPORTS = 8;

    private static final int ABSENT = -1;

    /** What came of a scrape. */
    private enum Outcome {
        ANSWERED,
        FAILED,
        ENDED
    }

    private final Labels target;
    private final PageSignals page;
    private final ServingStateMachine machine;
    // Guarded by this.
    private long now;
    private boolean ended;
    private boolean foreign;
    /** The report's series of the batch before, which are those of the next one, too. */
    private Series[] report = {};

    private int up = ABSENT;
    private @Nullable EngineSignals snapshot;

    TargetMonitor(Labels target, PageSignals page, ServingStateMachine machine) {
        this.target = target;
        this.page = page;
        this.machine = machine;
    }

    /** The state before, if the batch has changed it; null otherwise. */
    synchronized @Nullable ServingState observe(SampleBatch batch) {
        ServingState before = machine.state();
        if (!endsWithReport(batch)) {
            learnReport(batch);
        }
        int reportFrom = batch.size() - report.length;
        int pageRows = withoutMarkers(batch, reportFrom);
        now = batch.timestamp(batch.size() - 1);
        snapshot = null;
        switch (outcome(batch, pageRows, reportFrom)) {
            case ENDED -> ended = true;
            case FAILED -> machine.failed(now);
            case ANSWERED -> read(batch, pageRows);
        }
        return machine.state() == before ? null : before;
    }

    private void read(SampleBatch batch, int pageRows) {
        ended = false;
        if (pageRows == 0) {
            machine.empty(now);
            return;
        }
        Observation seen = page.read(batch, pageRows, now);
        foreign = seen == null;
        if (seen != null) {
            machine.page(now, seen);
        }
    }

    /** Whether it was scraped for the last time. */
    synchronized boolean hasEnded() {
        return ended;
    }

    /** Whether it is an engine, or may turn out to be one. */
    synchronized boolean isEngine() {
        return !foreign;
    }

    synchronized EngineSignals snapshot() {
        EngineSignals made = snapshot;
        if (made == null) {
            made = newSnapshot();
            snapshot = made;
        }
        return made;
    }

    private EngineSignals newSnapshot() {
        int base = page.base(now);
        Map<Labels, SignalValues> parts = new LinkedHashMap<>();
        for (SignalLayout.Part part : page.layout().parts()) {
            parts.put(part.labels(), SignalValues.of(page, part, base, now));
        }
        return new EngineSignals(
                target,
                page.engine(),
                machine.state(),
                Instant.ofEpochMilli(machine.sinceMillis()),
                Instant.ofEpochMilli(now),
                base < 0 ? Duration.ZERO : Duration.ofMillis(now - page.baseTime(base)),
                SignalValues.of(page, page.layout().total(), base, now),
                Collections.unmodifiableMap(parts));
    }

    private boolean endsWithReport(SampleBatch batch) {
        int from = batch.size() - report.length;
        if (report.length == 0 || from < 0) {
            return false;
        }
        for (int i = 0; i < report.length; i++) {
            if (batch.series(from + i) != report[i]) {
                return false;
            }
        }
        return true;
    }

    /** The report comes after the page. No page may have series of these names without labels. */
    private void learnReport(SampleBatch batch) {
        int from = batch.size();
        up = ABSENT;
        while (from > 0 && batch.size() - from < MOST_REPORTS && isReport(batch.series(from - 1))) {
            from--;
        }
        report = new Series[batch.size() - from];
        for (int i = 0; i < report.length; i++) {
            report[i] = batch.series(from + i);
            if ("up".equals(report[i].labels().metricName())) {
                up = i;
            }
        }
    }

    private static boolean isReport(Series series) {
        if (series.labels().size() != 1) {
            return false;
        }
        String name = String.valueOf(series.labels().metricName());
        return name.equals("up") || name.startsWith("scrape_");
    }

    /** Markers of what was on the page before come after it. */
    private static int withoutMarkers(SampleBatch batch, int rows) {
        int pageRows = rows;
        while (pageRows > 0 && SampleValues.isStale(batch.valueBits(pageRows - 1))) {
            pageRows--;
        }
        return pageRows;
    }

    private Outcome outcome(SampleBatch batch, int pageRows, int reportFrom) {
        if (up == ABSENT) {
            // Without a report, a failed scrape leaves nothing but markers.
            return pageRows == 0 ? Outcome.FAILED : Outcome.ANSWERED;
        }
        long bits = batch.valueBits(reportFrom + up);
        if (SampleValues.isStale(bits)) {
            return Outcome.ENDED;
        }
        return bits == 0 ? Outcome.FAILED : Outcome.ANSWERED;
    }
}
