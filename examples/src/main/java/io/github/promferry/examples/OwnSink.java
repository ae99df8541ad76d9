package io.github.promferry.examples;

import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import io.github.promferry.SampleValues;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import java.time.Duration;

/**
 * Scrape into code of your own instead of Remote Write: here, print every sample as it comes. Usage: {@code OwnSink
 * TARGET}, such as {@code 127.0.0.1:8000}.
 */
public final class OwnSink {
    private OwnSink() {}

    /**
     * Prints samples for a minute.
     *
     * @param args the target
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        SampleSink sink = OwnSink::print;
        try (Scraper scraper = Scraper.builder()
                .sink(sink)
                .job(ScrapeJob.builder("llm")
                        .target(args[0])
                        .interval(Duration.ofSeconds(5))
                        .build())
                .build()) {
            scraper.start();
            Thread.sleep(Duration.ofMinutes(1).toMillis());
        }
    }

    /** Called once for each scrape. The batch is used again afterwards: keep values, not the batch. */
    private static boolean print(SampleBatch batch) {
        for (int row = 0; row < batch.size(); row++) {
            long bits = batch.valueBits(row);
            System.out.println(batch.timestamp(row) + " "
                    + batch.series(row).fullLabels(batch.commonLabels()) + " "
                    + (SampleValues.isStale(bits) ? "ended" : Double.longBitsToDouble(bits)));
        }
        return true;
    }
}
