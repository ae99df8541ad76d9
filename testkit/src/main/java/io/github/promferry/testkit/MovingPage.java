package io.github.promferry.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A captured page in text format that moves as if the engine were under a steady load: counters, and the sums, counts and
 * buckets of histograms, grow by the same amount in each step; all else stays. For engines that nothing simulates.
 * Immutable.
 */
public final class MovingPage {
    private static final Pattern TYPE = Pattern.compile("# TYPE (\\S+) (\\w+)\\s*");
    private static final Pattern SAMPLE = Pattern.compile("([^\\s{#]+)(\\{.*})? +(\\S+)\\s*");
    private static final Pattern BOUND = Pattern.compile("(?<=\\{)le=\"[^\"]*\",? *|, *le=\"[^\"]*\"");

    /** A line of the page, up to its value; a comment, if it does not grow. */
    private record Line(String text, double value, double growth) {
        String after(long steps) {
            return growth == 0 ? text : text + (value + growth * steps);
        }
    }

    private final List<Line> lines = new ArrayList<>();

    private MovingPage(String page) {
        Map<String, String> types = new HashMap<>();
        Map<String, Integer> buckets = countBuckets(page);
        Map<String, Integer> bucketsSoFar = new HashMap<>();
        for (String line : page.lines().toList()) {
            Matcher type = TYPE.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (type.matches()) {
                types.put(type.group(1), type.group(2));
            } else if (sample.matches()) {
                double growth = growth(sample, types, buckets, bucketsSoFar);
                double value = growth == 0 ? 0 : Double.parseDouble(sample.group(3));
                lines.add(new Line(growth == 0 ? line : line.substring(0, sample.start(3)), value, growth));
                continue;
            }
            lines.add(new Line(line, 0, 0));
        }
    }

    /**
     * Reads a page.
     *
     * @param page in text format 0.0.4; the buckets of a histogram stand in ascending order
     * @return the page, to be moved
     */
    public static MovingPage of(String page) {
        return new MovingPage(page);
    }

    /**
     * The page some time later.
     *
     * @param steps how often everything that counts has grown; 0 for the page as it was
     * @return a page
     */
    public String after(long steps) {
        StringBuilder page = new StringBuilder();
        for (Line line : lines) {
            page.append(line.after(steps)).append('\n');
        }
        return page.toString();
    }

    private static double growth(
            Matcher sample, Map<String, String> types, Map<String, Integer> buckets, Map<String, Integer> soFar) {
        String name = sample.group(1);
        if ("counter".equals(types.get(name))) {
            return 1;
        }
        String family = name.replaceFirst("_(bucket|sum|count)$", "");
        String type = types.get(family);
        if (family.equals(name) || !("histogram".equals(type) || "summary".equals(type))) {
            return 0;
        }
        String series = series(sample);
        // An observation in each bucket, and as many observations as seconds, tokens or whatever is observed.
        return name.endsWith("_bucket") ? soFar.merge(series, 1, Integer::sum) : buckets.getOrDefault(series, 1);
    }

    private static Map<String, Integer> countBuckets(String page) {
        Map<String, Integer> buckets = new HashMap<>();
        for (String line : page.lines().toList()) {
            Matcher sample = SAMPLE.matcher(line);
            if (sample.matches() && sample.group(1).endsWith("_bucket")) {
                buckets.merge(series(sample), 1, Integer::sum);
            }
        }
        return buckets;
    }

    /** What the samples of one histogram have in common. */
    private static String series(Matcher sample) {
        String labels =
                sample.group(2) == null ? "{}" : BOUND.matcher(sample.group(2)).replaceAll("");
        return sample.group(1).replaceFirst("_(bucket|sum|count)$", "") + labels;
    }
}
