package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A target for coverage-guided fuzzers that call {@code fuzzerTestOneInput}, as Jazzer does; CONTRIBUTING.md says how to
 * run it. An input is a page and is read in every format and mode. Whatever it is, the parser answers with rows or its own
 * exception, the same warm as cold and wherever the page lies, in bounded memory; tolerant mode gives what strict mode
 * gives; and families come back from the page written of them, as write makes sure.
 */
public final class ExpositionFuzzer {
    private static final List<ExpositionFormat> FORMATS = List.of(
            ExpositionFormat.TEXT_0_0_4,
            ExpositionFormat.OPENMETRICS_1_0_0,
            ExpositionFormat.OPENMETRICS_2_0_0,
            ExpositionFormat.PROTOBUF);

    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).utf8Names(true).build();
    private static final ParseOptions ODD = ParseOptions.builder()
            .skipBadLines(true)
            .endMarkRequired(false)
            .normalizeBounds(true)
            .classicHistogramsToo(true)
            .classicHistogramsAsNative(true)
            .replaceInvalidHelp(true)
            .created(ParseOptions.Created.START_TIMESTAMP)
            .build();

    private static final String FAILED = "failed: ";

    private ExpositionFuzzer() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] page) {
        for (ExpositionFormat format : FORMATS) {
            String tolerant = result(format, page, ParseOptions.DEFAULTS);
            String strict = result(format, page, STRICT);
            require(
                    strict.startsWith(FAILED) || strict.equals(tolerant) || isOurText(page),
                    "strict",
                    strict,
                    tolerant);
            result(format, page, ODD);
            if (format != ExpositionFormat.PROTOBUF && !tolerant.startsWith(FAILED)) {
                roundTrip(format, page);
            }
        }
    }

    /** In text, units and comments of our own, such as {@code # OMTYPE}, are comments to strict mode. */
    private static boolean isOurText(byte[] page) {
        String text = new String(page, ISO_8859_1);
        return text.contains("UNIT") || text.contains("# OM") || text.contains("OMTYPE");
    }

    /** The rows or the error; fails if a second, warm look differs. */
    private static String result(ExpositionFormat format, byte[] page, ParseOptions options) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        String cold = result(parser, format, page, 0);
        String warm = result(parser, format, page, 7);
        require(cold.equals(warm), "warm", cold, warm);
        long allowed = MutationTest.FIXED_BYTES + MutationTest.MAX_BYTES_PER_PAGE_BYTE * page.length;
        long allocated = Long.MAX_VALUE;
        for (int attempt = 0; allocated > allowed && attempt < 3; attempt++) {
            // More than once, since a class that a fuzzer instruments as it is loaded allocates megabytes.
            allocated = allocated(format, page, options);
        }
        require(allocated <= allowed, "allocated bytes", allowed, allocated);
        return cold;
    }

    private static long allocated(ExpositionFormat format, byte[] page, ParseOptions options) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        SampleBatch batch = new SampleBatch();
        long before = AllocatedBytes.ofThisThread();
        try {
            parser.parse(format, page, 0, page.length, Pages.SCRAPE_TIME, batch);
        } catch (ExpositionException e) {
            require(batch.size() == 0, "rows of a failed page", 0, batch.size());
        }
        return AllocatedBytes.ofThisThread() - before;
    }

    private static String result(ExpositionParser parser, ExpositionFormat format, byte[] page, int offset) {
        byte[] array = new byte[page.length + 2 * offset];
        Arrays.fill(array, (byte) '"');
        System.arraycopy(page, 0, array, offset, page.length);
        SampleBatch batch = new SampleBatch();
        String failure = null;
        try {
            parser.parse(format, array, offset, offset + page.length, Pages.SCRAPE_TIME, batch);
        } catch (ExpositionException e) {
            failure = FAILED + e.getMessage();
        }
        require(failure == null || batch.size() == 0, "rows of a failed page", 0, batch.size());
        return failure == null ? Pages.rows(batch).toString() : failure;
    }

    private static void roundTrip(ExpositionFormat format, byte[] page) {
        List<MetricFamily> families = MetricFamily.parse(format, page);
        // A carriage return before the end of a line is no text.
        boolean writable =
                families.stream().noneMatch(family -> family.metadata().help().endsWith("\r"));
        if (writable && !mixesStamps(families)) {
            MetricFamily.write(ExpositionFormat.TEXT_0_0_4, families);
            ExpositionFormat version2 = ExpositionFormat.OPENMETRICS_2_0_0;
            List<MetricFamily> fitting = MetricFamily.fit(version2, families);
            MetricFamily.write(version2, fitting);
        }
    }

    /** Samples of one series with and without timestamp may stand in another order among families than on the page. */
    private static boolean mixesStamps(List<MetricFamily> families) {
        Map<Labels, Boolean> stamped = new HashMap<>();
        return families.stream().flatMap(family -> family.samples().stream()).anyMatch(sample -> {
            boolean now = sample.timestampMillis() != SampleBatch.NO_TIMESTAMP;
            Boolean before = stamped.putIfAbsent(sample.labels(), now);
            return before != null && before != now;
        });
    }

    private static void require(boolean holds, String what, Object expected, Object found) {
        if (!holds) {
            throw new AssertionError(what + ": " + expected + " / " + found);
        }
    }
}
