package io.github.promferry.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.parse.ExpositionFormat;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.zip.GZIPInputStream;

/** A page to parse by hand, from wherever it is. */
final class Page {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** What a scrape asks for, so that one sees here what a scrape would get. */
    private static final String ACCEPT = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            + "application/openmetrics-text;version=0.0.1;q=0.5,"
            + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            + "text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

    private final byte[] bytes;
    private final ExpositionFormat format;

    private Page(byte[] bytes, ExpositionFormat format) {
        this.bytes = bytes;
        this.format = format;
    }

    /** Its content; not a copy. */
    byte[] bytes() {
        return bytes;
    }

    /** What it claims to be. */
    ExpositionFormat format() {
        return format;
    }

    /**
     * Reads a page.
     *
     * @param source a file, {@code -} for standard input, or a URL
     * @throws IOException if it cannot be had; the message says why
     */
    static Page read(String source) throws IOException {
        if (source.startsWith("http://") || source.startsWith("https://")) {
            return fetch(source);
        }
        byte[] bytes = source.equals("-") ? System.in.readAllBytes() : readFile(source);
        return new Page(bytes, guess(bytes));
    }

    private static byte[] readFile(String file) throws IOException {
        try {
            return Files.readAllBytes(Path.of(file));
        } catch (NoSuchFileException e) {
            throw new IOException("there is no such file", e);
        }
    }

    private static Page fetch(String url) throws IOException {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(TIMEOUT)
                    .header("Accept", ACCEPT)
                    .header("Accept-Encoding", "gzip")
                    .build();
            HttpResponse<InputStream> response =
                    HttpSettings.DEFAULTS.newClient().send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                if (response.statusCode() != 200) {
                    throw new IOException("the answer is HTTP " + response.statusCode() + ", expected 200");
                }
                boolean gzip = response.headers()
                        .firstValue("Content-Encoding")
                        .orElse("")
                        .equals("gzip");
                byte[] bytes = gzip ? new GZIPInputStream(body).readAllBytes() : body.readAllBytes();
                ExpositionFormat format = ExpositionFormat.ofContentType(
                        response.headers().firstValue("Content-Type").orElse(null));
                return new Page(bytes, format == null ? guess(bytes) : format);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a URL: " + e.getMessage(), e);
        } catch (IOException e) {
            // Connection failures often have no message at all.
            throw e.getMessage() == null ? new IOException("no answer (" + e + ")", e) : e;
        }
    }

    /** OpenMetrics pages must end with {@code # EOF}; no other format does. */
    private static ExpositionFormat guess(byte[] page) {
        int tail = Math.min(page.length, 16);
        String end = new String(page, page.length - tail, tail, US_ASCII).strip();
        boolean openMetrics = end.equals("# EOF") || end.endsWith("\n# EOF");
        return openMetrics ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
    }
}
