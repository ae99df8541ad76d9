package io.github.promferry.examples;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what the parser sees on a page, or why it refuses the page. */
@Command(
        name = "parse",
        description = {
            "Print the samples of a page as tab-separated name, labels, value, timestamp and type, or the error with line"
                    + " and column.",
            "Tabs, line breaks and backslashes in names and label values are escaped. The timestamp is in milliseconds,"
                    + " empty if the page has none.",
            "Without --content-type, that of the response counts; a file is OpenMetrics if its last line is # EOF, else"
                    + " text 0.0.4."
        },
        mixinStandardHelpOptions = true)
final class ParseCommand implements Callable<Integer> {
    @Option(names = "--strict", description = "Refuse everything that the format's specification forbids.")
    private boolean strict;

    @Option(
            names = "--content-type",
            paramLabel = "TYPE",
            description = {
                "Read the page as this type, such as 'text/plain; version=0.0.4' or"
                        + " 'application/openmetrics-text; version=1.0.0'."
            })
    private @Nullable String contentType;

    @Option(
            names = "--summary",
            description =
                    "One line a page instead: ok or error, number of samples, page, and for an error its message.")
    private boolean summary;

    @Parameters(
            arity = "1..*",
            paramLabel = "FILE|-|URL",
            description = "A file, - for standard input, or an http or https URL. More than one only with --summary.")
    private List<String> pages;

    @Spec
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    ParseCommand() {}

    @Override
    public Integer call() {
        if (!summary && pages.size() > 1) {
            throw new ParameterException(spec.commandLine(), "one page at a time, or --summary");
        }
        ExpositionFormat format = contentType == null ? null : ExpositionFormat.ofContentType(contentType);
        if (contentType != null && format == null) {
            throw new ParameterException(
                    spec.commandLine(), "--content-type: '" + contentType + "' is not the type of an exposition");
        }
        PrintWriter out = spec.commandLine().getOut();
        int status = Forwarder.DONE;
        for (String page : pages) {
            status = Math.max(status, summary ? summarize(page, format, out) : print(page, format, out));
        }
        out.flush();
        return status;
    }

    private int print(String page, @Nullable ExpositionFormat format, PrintWriter out) {
        try {
            SampleBatch samples = parse(Page.read(page), format);
            for (int row = 0; row < samples.size(); row++) {
                print(samples, row, out);
            }
            return Forwarder.DONE;
        } catch (ExpositionException | IOException e) {
            out.flush();
            spec.commandLine().getErr().println(page + ": " + e.getMessage());
            return Forwarder.PAGE_DOES_NOT_PARSE;
        }
    }

    private int summarize(String page, @Nullable ExpositionFormat format, PrintWriter out) {
        try {
            out.println("ok\t" + parse(Page.read(page), format).size() + "\t" + page);
            return Forwarder.DONE;
        } catch (ExpositionException | IOException e) {
            out.println("error\t0\t" + page + "\t" + escaped(String.valueOf(e.getMessage())));
            return Forwarder.PAGE_DOES_NOT_PARSE;
        }
    }

    private SampleBatch parse(Page page, @Nullable ExpositionFormat format) {
        ParseOptions options = ParseOptions.builder().strict(strict).build();
        SeriesDictionary everySeries = new SeriesDictionary(Series::of);
        SampleBatch samples = new SampleBatch();
        byte[] bytes = page.bytes();
        new ExpositionParser(everySeries, options)
                .parse(
                        format == null ? page.format() : format,
                        bytes,
                        0,
                        bytes.length,
                        SampleBatch.NO_TIMESTAMP,
                        samples);
        return samples;
    }

    private static void print(SampleBatch samples, int row, PrintWriter out) {
        Series series = samples.series(row);
        long timestamp = samples.timestamp(row);
        out.print(escaped(String.valueOf(series.labels().metricName())));
        out.print('\t');
        out.print(labels(series.labels()));
        out.print('\t');
        out.print(value(Double.longBitsToDouble(samples.valueBits(row))));
        out.print('\t');
        out.print(timestamp == SampleBatch.NO_TIMESTAMP ? "" : String.valueOf(timestamp));
        out.print('\t');
        out.println(series.metadata().type().word());
    }

    /** The labels without the name, as an exposition writes them; "{}" if there are none. */
    static String labels(Labels labels) {
        StringBuilder text = new StringBuilder("{");
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            if (!at.name().equals(Labels.METRIC_NAME)) {
                text.append(text.length() == 1 ? "" : ",")
                        .append(escaped(at.name()))
                        .append("=\"");
                text.append(escaped(at.value()).replace("\"", "\\\"")).append('"');
            }
        }
        return text.append('}').toString();
    }

    /** The shortest text that reads as the same number, in the words of the exposition formats. */
    static String value(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        // Up to 2^53 every whole number is exact, and a count reads better without an exponent.
        boolean whole = value == Math.rint(value) && Math.abs(value) <= 1L << 53 && !isNegativeZero(value);
        return whole ? String.valueOf((long) value) : String.valueOf(value);
    }

    private static boolean isNegativeZero(double value) {
        return value == 0 && 1 / value < 0;
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\")
                .replace("\t", "\\t")
                .replace("\n", "\\n")
                .replace("\r", "\\r");
    }
}
