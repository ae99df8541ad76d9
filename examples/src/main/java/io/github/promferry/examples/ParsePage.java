package io.github.promferry.examples;

import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.MetricFamily;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Read a page once, as a list of families. Usage: {@code ParsePage FILE}, a page in text format 0.0.4. */
public final class ParsePage {
    private ParsePage() {}

    /**
     * Prints the families.
     *
     * @param args the file
     * @throws IOException if it cannot be read
     */
    public static void main(String[] args) throws IOException {
        byte[] page = Files.readAllBytes(Path.of(args[0]));
        try {
            for (MetricFamily family : MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page)) {
                System.out.println(family.metadata().family() + " is a "
                        + family.metadata().type().word() + ": "
                        + family.metadata().help());
                for (MetricFamily.Sample sample : family.samples()) {
                    System.out.println("  " + sample.labels() + " = " + sample.value());
                }
            }
        } catch (ExpositionException e) {
            // The message says where; line() and column() are there for programs.
            System.out.println(e.getMessage());
        }
    }
}
