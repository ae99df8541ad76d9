package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.SampleBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Pages and rows as text, for tests to compare. */
final class Pages {
    static final long SCRAPE_TIME = 1_700_000_000_000L;

    private Pages() {}

    static byte[] corpus(String file) {
        try (InputStream in = Pages.class.getResourceAsStream("/corpus/" + file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }

    static ExpositionFormat formatOf(String file) {
        return file.endsWith(".openmetrics") ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
    }

    /** Lines that are neither blank nor comments, counted without any parser. */
    static int sampleLines(byte[] page) {
        int count = 0;
        for (String line : new String(page, ISO_8859_1).split("\n", -1)) {
            if (!line.isBlank() && !line.strip().startsWith("#")) {
                count++;
            }
        }
        return count;
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    static SampleBatch parse(ExpositionParser parser, String page) {
        return parse(parser, ExpositionFormat.TEXT_0_0_4, bytes(page));
    }

    static SampleBatch parse(ExpositionParser parser, ExpositionFormat format, byte[] page) {
        SampleBatch batch = new SampleBatch();
        parser.parse(format, page, 0, page.length, SCRAPE_TIME, batch);
        return batch;
    }

    /** Every row with all that belongs to it. */
    static List<String> rows(SampleBatch batch) {
        List<String> rows = new ArrayList<>();
        int exemplar = 0;
        int histogram = 0;
        for (int row = 0; row < batch.size(); row++) {
            StringBuilder text = new StringBuilder(batch.series(row).toString())
                    .append(' ')
                    .append(Long.toHexString(batch.valueBits(row)))
                    .append(" at ")
                    .append(batch.timestamp(row));
            if (batch.startTimestamp(row) != SampleBatch.NO_TIMESTAMP) {
                text.append(" since ").append(batch.startTimestamp(row));
            }
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                text.append(' ').append(batch.exemplar(exemplar));
            }
            if (histogram < batch.histogramCount() && batch.histogramRow(histogram) == row) {
                text.append(' ').append(batch.histogram(histogram++));
            }
            rows.add(text.append(' ').append(batch.series(row).metadata()).toString());
        }
        return rows;
    }

    /** Series and values only, such as {@code a{b="c"} 1.0}. */
    static List<String> samples(SampleBatch batch) {
        List<String> samples = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            samples.add(batch.series(row) + " " + Double.longBitsToDouble(batch.valueBits(row)));
        }
        return samples;
    }

    static List<String> series(SampleBatch batch) {
        List<String> series = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            series.add(batch.series(row).toString());
        }
        return series;
    }

    /** Bytes of a line in a table: the escapes \\n \\r \\t \\0 \\xHH stand for bytes, others for the character itself. */
    static byte[] unescaped(String escaped) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // Of the bytes of its UTF-8, each a char.
        String text = new String(escaped.getBytes(UTF_8), ISO_8859_1);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                bytes.write(c);
                continue;
            }
            char escape = text.charAt(++i);
            switch (escape) {
                case 'n' -> bytes.write('\n');
                case 'r' -> bytes.write('\r');
                case 't' -> bytes.write('\t');
                case '0' -> bytes.write(0);
                case 'x' -> {
                    bytes.write(Integer.parseInt(text.substring(i + 1, i + 3), 16));
                    i += 2;
                }
                default -> bytes.write(escape);
            }
        }
        return bytes.toByteArray();
    }
}
