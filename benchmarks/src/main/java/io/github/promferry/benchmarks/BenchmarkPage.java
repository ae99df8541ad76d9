package io.github.promferry.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A page to parse, as consecutive scrapes of one target would give it: the same series in the same order, other values.
 * One page over and over would train the branch predictor and the cache on its numbers.
 */
public final class BenchmarkPage {
    /** A vLLM engine's page, 474 samples. */
    public static final String VLLM = "dynamo-vllm-v1-lmcache.prom";

    /** The page that Prometheus benchmarks its own parser with, 1857 samples. */
    public static final String ALL_TYPES = "prometheus-alltypes-237mfs.prom";

    /** Digits of the label value that {@link #renew} changes. */
    private static final int STAMP_DIGITS = 9;

    private static final int PADDING = 64;

    private static final String END_MARK = "# EOF\n";
    private static final Pattern COUNTER = Pattern.compile("(?m)^# TYPE (\\S+)_total counter$");

    private final byte[] bytes;
    private final int length;
    private final int samples;
    private final double sum;
    private final int[] stampOffsets;

    private BenchmarkPage(String text, int samples, double sum, int[] stampOffsets) {
        byte[] encoded = text.getBytes(UTF_8);
        bytes = Arrays.copyOf(encoded, encoded.length + PADDING);
        length = encoded.length;
        this.samples = samples;
        this.sum = sum;
        this.stampOffsets = stampOffsets;
    }

    /**
     * Consecutive scrapes.
     *
     * @param corpusName {@link #VLLM} or {@link #ALL_TYPES}
     * @param count how many
     * @return pages that differ in values alone
     */
    public static BenchmarkPage[] scrapes(String corpusName, int count) {
        return scrapes(corpusName, count, Integer.MAX_VALUE);
    }

    /**
     * Consecutive scrapes of which some series carry a label that {@link #renew} changes.
     *
     * @param corpusName {@link #VLLM} or {@link #ALL_TYPES}
     * @param count how many
     * @param oneIn every which series can be made new
     * @return pages
     */
    public static BenchmarkPage[] scrapes(String corpusName, int count, int oneIn) {
        BenchmarkPage[] pages = new BenchmarkPage[count];
        for (int scrape = 0; scrape < count; scrape++) {
            pages[scrape] = scrape(read(corpusName), scrape, oneIn);
        }
        return pages;
    }

    private static BenchmarkPage scrape(String original, int scrape, int oneIn) {
        StringBuilder page = new StringBuilder(original.length() + 4096);
        List<Integer> stamps = new ArrayList<>();
        int samples = 0;
        int sinceStamp = 0;
        double sum = 0;
        for (String line : original.split("\n", 0)) {
            if (line.startsWith("#") || line.isEmpty()) {
                page.append(line).append('\n');
                continue;
            }
            int space = line.lastIndexOf(' ');
            String series = line.substring(0, space);
            String value = changed(line.substring(space + 1), samples, scrape);
            sinceStamp++;
            if (sinceStamp >= oneIn && series.endsWith("\"}")) {
                sinceStamp = 0;
                page.append(series, 0, series.length() - 1).append(",scrape=\"");
                stamps.add(page.length());
                page.append("0".repeat(STAMP_DIGITS)).append("\"} ");
            } else {
                page.append(series).append(' ');
            }
            page.append(value).append('\n');
            samples++;
            double number = Double.parseDouble(value.replace("Inf", "Infinity"));
            sum += Double.isFinite(number) ? number : 0;
        }
        int[] offsets = stamps.stream().mapToInt(Integer::intValue).toArray();
        return new BenchmarkPage(page.toString(), samples, sum, offsets);
    }

    /** The next scrape's value in the same spelling: integers stay integers, {@code 2.0} becomes {@code 9.0}. */
    private static String changed(String value, int line, int scrape) {
        if (scrape == 0 || value.endsWith("NaN") || value.endsWith("Inf") || (line % 2 == 0 && isZero(value))) {
            return value;
        }
        int step = scrape * (line % 7 + 1);
        if (value.indexOf('.') < 0 && value.indexOf('e') < 0) {
            return Long.toString(Long.parseLong(value) + step);
        }
        if (value.endsWith(".0")) {
            return (Long.parseLong(value.substring(0, value.length() - 2)) + step) + ".0";
        }
        return Double.toString(Double.parseDouble(value) * (1 + step * 1e-3)).toLowerCase(Locale.ROOT);
    }

    private static boolean isZero(String value) {
        return value.equals("0") || value.equals("0.0");
    }

    private static String read(String corpusName) {
        try (InputStream in = BenchmarkPage.class.getResourceAsStream("/corpus/" + corpusName)) {
            return new String(Objects.requireNonNull(in, corpusName).readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The same page in OpenMetrics: counters' families without {@code _total}, and an end mark.
     *
     * @return a page of the same samples
     */
    public BenchmarkPage inOpenMetrics() {
        String text = new String(bytes, 0, length, UTF_8);
        String families = COUNTER.matcher(text)
                .results()
                .map(counter -> Pattern.quote(counter.group(1)))
                .collect(Collectors.joining("|"));
        String shortened = text.replaceAll("(?m)^(# \\w+ (?:" + families + "))_total ", "$1 ");
        String ended = shortened.endsWith(END_MARK) ? shortened : shortened + END_MARK;
        return new BenchmarkPage(ended, samples, sum, new int[0]);
    }

    /**
     * Makes the marked series new ones.
     *
     * @param stamp a number not used before
     */
    public void renew(long stamp) {
        for (int offset : stampOffsets) {
            long rest = stamp;
            for (int digit = STAMP_DIGITS - 1; digit >= 0; digit--) {
                bytes[offset + digit] = (byte) ('0' + rest % 10);
                rest /= 10;
            }
        }
    }

    /**
     * The page, with some bytes behind its end that belong to no page.
     *
     * @return the array itself
     */
    public byte[] bytes() {
        return bytes;
    }

    /**
     * Where the page ends.
     *
     * @return bytes
     */
    public int length() {
        return length;
    }

    /**
     * The sample lines, counted while the page was made.
     *
     * @return a number of samples
     */
    public int samples() {
        return samples;
    }

    /**
     * The sum of all finite values.
     *
     * @return a sum in page order
     */
    public double sum() {
        return sum;
    }

    /**
     * How many series {@link #renew} makes new.
     *
     * @return 0 if none are marked
     */
    public int renewable() {
        return stampOffsets.length;
    }
}
