package io.github.promferry.examples;

import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.MetricFamily;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Read a page once, as a list of families, and write them again. Usage: {@code ParsePage FILE}, a page in text format
 * 0.0.4.
 */
public final class ParsePage {
    private ParsePage() {}

    /**
     * Prints the families, then the page in OpenMetrics 2.0.
     *
     * @param args the file
     * @throws IOException if it cannot be read
     */
    public static void main(String[] args) throws IOException {
        byte[] page = Files.readAllBytes(Path.of(args[0]));
        List<MetricFamily> families;
        try {
            families = MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page);
        } catch (ExpositionException e) {
            // The message says where; line() and column() are there for programs.
            System.out.println(e.getMessage());
            return;
        }
        for (MetricFamily family : families) {
            System.out.println(family.metadata().family() + " is a "
                    + family.metadata().type().word() + ": "
                    + family.metadata().help());
            // A histogram or summary is one point; family.samples() has the lines that it is made of.
            for (MetricFamily.Point point : family.points()) {
                if (point instanceof MetricFamily.Histogram histogram) {
                    System.out.println("  " + histogram.labels() + ": " + histogram.count() + " observations");
                } else if (point instanceof MetricFamily.Scalar scalar) {
                    System.out.println("  " + scalar.name() + scalar.labels() + " = " + scalar.value());
                } else {
                    System.out.println("  " + point);
                }
            }
        }
        // write alone refuses what a format cannot hold; fit says what it can.
        ExpositionFormat format = ExpositionFormat.OPENMETRICS_2_0_0;
        System.out.write(MetricFamily.write(format, MetricFamily.fit(format, families)));
        System.out.flush();
    }
}
