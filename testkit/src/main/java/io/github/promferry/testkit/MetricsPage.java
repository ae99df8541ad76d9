package io.github.promferry.testkit;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Families of metrics and a page of them in text format 0.0.4, letter by letter as the client library of an engine
 * writes it. Not thread-safe.
 */
final class MetricsPage {
    /** Who writes the page. */
    enum Client {
        /** The Python client in one process: labels sorted by name, every number a float, {@code _created} families. */
        PYTHON,
        /** The same in several processes, which share their numbers through files: another order, nothing created. */
        PYTHON_MULTIPROCESS,
        /** Rust's metrics-exporter-prometheus: {@code le} last, numbers without exponent, an empty line after a family. */
        RUST;

        private boolean isPython() {
            return this != RUST;
        }

        private boolean writesSumFirst() {
            return this == PYTHON_MULTIPROCESS;
        }

        private String number(double value) {
            return isPython() ? pythonNumber(value) : rustNumber(value);
        }
    }

    private final Client client;
    private final List<Family> families = new ArrayList<>();
    private double createdSeconds;

    MetricsPage(Client client, double createdSeconds) {
        this.client = client;
        this.createdSeconds = createdSeconds;
    }

    /** A counter family; the samples of the Python client end in {@code _total}. */
    Family counter(String name, String help) {
        return add(new Family(name, help, "counter"));
    }

    Family gauge(String name, String help) {
        return add(new Family(name, help, "gauge"));
    }

    Family histogram(String name, String help, double... bounds) {
        Family family = new Family(name, help, "histogram");
        family.bounds = bounds;
        return add(family);
    }

    /** A summary without quantiles, as the Python client has them. */
    Family summary(String name, String help) {
        return add(new Family(name, help, "summary"));
    }

    String text() {
        StringBuilder page = new StringBuilder(1 << 16);
        for (Family family : families) {
            if (!family.children.isEmpty()) {
                family.write(page);
            }
        }
        return page.toString();
    }

    private Family add(Family family) {
        families.add(family);
        return family;
    }

    private static Map<String, String> labels(Map<String, String> common, String... pairs) {
        Map<String, String> labels = new TreeMap<>(common);
        for (int i = 0; i < pairs.length; i += 2) {
            labels.put(pairs[i], pairs[i + 1]);
        }
        return labels;
    }

    final class Family {
        private final String name;
        private final String help;
        private final String type;
        private final Map<List<String>, Child> children = new LinkedHashMap<>();
        private Map<String, String> commonLabels = Map.of();
        private double[] bounds = {};
        private boolean hasCreated;

        private Family(String name, String help, String type) {
            this.name = name;
            this.help = help;
            this.type = type;
            this.hasCreated = client == Client.PYTHON && !type.equals("gauge");
        }

        /** Labels that all children have. */
        Family common(String... pairs) {
            commonLabels = labels(Map.of(), pairs);
            return this;
        }

        /** As the client's own collectors, which make their samples anew for each page. */
        Family withoutCreated() {
            hasCreated = false;
            return this;
        }

        /** The child with these labels, created if missing; a family without children is not on the page. */
        Child of(String... pairs) {
            return children.computeIfAbsent(List.of(pairs), key -> {
                // Created times differ by the microseconds that the constructors take.
                createdSeconds += 17e-6;
                return new Child(labels(commonLabels, pairs), bounds, createdSeconds);
            });
        }

        private void write(StringBuilder page) {
            String exposed = type.equals("counter") && client.isPython() ? name + "_total" : name;
            head(page, exposed, type);
            for (Child child : children.values()) {
                switch (type) {
                    case "histogram" -> histogram(page, child);
                    case "summary" -> {
                        sample(page, name + "_count", child.labels, (double) child.count);
                        sample(page, name + "_sum", child.labels, child.sum);
                    }
                    default -> sample(page, exposed, child.labels, child.value);
                }
            }
            if (hasCreated) {
                head(page, name + "_created", "gauge");
                for (Child child : children.values()) {
                    sample(page, name + "_created", child.labels, child.createdSeconds);
                }
            }
            if (client == Client.RUST) {
                page.append('\n');
            }
        }

        private void histogram(StringBuilder page, Child child) {
            if (client.writesSumFirst()) {
                sample(page, name + "_sum", child.labels, child.sum);
            }
            long cumulative = 0;
            for (int i = 0; i <= bounds.length; i++) {
                cumulative += child.buckets[i];
                String le = i == bounds.length ? "+Inf" : client.number(bounds[i]);
                sample(page, name + "_bucket", bucketLabels(child, le), (double) cumulative);
            }
            if (client == Client.RUST) {
                sample(page, name + "_sum", child.labels, child.sum);
            }
            sample(page, name + "_count", child.labels, (double) cumulative);
            if (client == Client.PYTHON) {
                sample(page, name + "_sum", child.labels, child.sum);
            }
        }

        private Map<String, String> bucketLabels(Child child, String le) {
            if (client.isPython()) {
                return labels(child.labels, "le", le);
            }
            Map<String, String> labels = new LinkedHashMap<>(child.labels);
            labels.put("le", le);
            return labels;
        }

        private void head(StringBuilder page, String exposed, String exposedType) {
            page.append("# HELP ").append(exposed).append(' ');
            page.append(help.replace("\\", "\\\\").replace("\n", "\\n")).append('\n');
            page.append("# TYPE ")
                    .append(exposed)
                    .append(' ')
                    .append(exposedType)
                    .append('\n');
        }
    }

    private void sample(StringBuilder page, String name, Map<String, String> labels, double value) {
        page.append(name);
        char separator = '{';
        for (Map.Entry<String, String> label : labels.entrySet()) {
            page.append(separator).append(label.getKey()).append("=\"");
            page.append(
                    label.getValue().replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\""));
            page.append('"');
            separator = ',';
        }
        if (separator == ',') {
            page.append('}');
        }
        page.append(' ').append(client.number(value)).append('\n');
    }

    /** The numbers of one label set. */
    static final class Child {
        private final Map<String, String> labels;
        private final double[] bounds;
        private final long[] buckets;
        private final double createdSeconds;
        private double value;
        private double sum;
        private long count;

        private Child(Map<String, String> labels, double[] bounds, double createdSeconds) {
            this.labels = labels;
            this.bounds = bounds;
            this.buckets = new long[bounds.length + 1];
            this.createdSeconds = createdSeconds;
        }

        void set(double newValue) {
            value = newValue;
        }

        void add(double amount) {
            value += amount;
        }

        void observe(double observed) {
            int at = Arrays.binarySearch(bounds, observed);
            buckets[at >= 0 ? at : -at - 1]++;
            sum += observed;
            count++;
        }
    }

    /**
     * A number as {@code floatToGoString} of the Python client prints it: Python's shortest form, from 10^6 on with an
     * exponent whose first digit is a 0, also where two digits follow.
     */
    static String pythonNumber(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        if (value == Math.rint(value) && Math.abs(value) < 1e6) {
            return value == 0 && 1 / value < 0 ? "-0.0" : (long) value + ".0";
        }
        String repr = repr(value);
        int dot = repr.indexOf('.');
        if (value > 0 && dot > 6) {
            String digits = repr.substring(0, 1) + "." + repr.substring(1, dot) + repr.substring(dot + 1);
            return digits.replaceAll("[0.]+$", "") + "e+0" + (dot - 1);
        }
        return repr;
    }

    /** As Rust prints a float: the shortest digits that read back, never an exponent, no point where none is needed. */
    static String rustNumber(double value) {
        return Double.isFinite(value) ? shortest(value).toPlainString() : pythonNumber(value);
    }

    /** Python's repr of a finite float. */
    private static String repr(double value) {
        BigDecimal shortest = shortest(value);
        String unscaled = shortest.unscaledValue().abs().toString();
        int exponent = unscaled.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String mantissa = unscaled.length() == 1 ? unscaled : unscaled.charAt(0) + "." + unscaled.substring(1);
            return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
                    + Math.abs(exponent);
        }
        String plain = shortest.abs().toPlainString();
        return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
    }

    /** The shortest digits that read back as the same finite number. */
    private static BigDecimal shortest(double value) {
        BigDecimal exact = new BigDecimal(value);
        // 15 digits survive the way to a normal double and back, so the shortest form is among these; 17 always
        // suffice.
        int fewest = Math.abs(value) < Double.MIN_NORMAL ? 1 : 15;
        BigDecimal shortest = exact.round(new MathContext(fewest));
        for (int digits = fewest + 1; shortest.doubleValue() != value; digits++) {
            shortest = exact.round(new MathContext(digits));
        }
        return shortest.stripTrailingZeros();
    }
}
