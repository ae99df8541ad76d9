package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.ParseOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What content type and content encoding make of a page: 5 is milliseconds in text, seconds in OpenMetrics. */
class PageHeadersTest {
    private static final byte[] PAGE = "a 1 5\n# EOF\n".getBytes(UTF_8);

    private final Logger logger = Logger.getLogger(Scraper.LOGGER);
    private final Warnings warnings = new Warnings();
    private final ScrapeJob job = HandDriven.job().target("h:1").build();
    private final ParseOptions strict = ParseOptions.builder().strict(true).build();

    private static final class Warnings extends Handler {
        final List<String> messages = new ArrayList<>();

        @Override
        public void publish(LogRecord message) {
            if (message.getLevel().equals(Level.WARNING)) {
                messages.add(message.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @BeforeEach
    void listen() {
        logger.addHandler(warnings);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(warnings);
        logger.setUseParentHandlers(true);
    }

    /** The timestamp of the sample, or what the failure says. */
    private static String scraped(ScrapeJob job, byte[] page, @Nullable String type, @Nullable String encoding) {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .then(fetch -> fetch.page(page, type, encoding))
                    .then(fetch -> fetch.page(page, type, encoding));
            hand.start();
            hand.nextTick();
            ScrapeFailure failure = hand.status().lastFailure();
            return failure == null
                    ? hand.rows.take().get(0).replaceFirst(".*@", "")
                    : failure.kind() + " " + failure.message();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            text/plain                                                                       | 5
            text/plain; version=0.0.4; charset=utf-8                                         | 5
            text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8                   | 5
            TEXT/Plain;Charset=UTF8                                                          | 5
            text/plain; charset=UTF-8; charset=utf-8                                         | 5
            text/plain; charset="utf-8"                                                      | 5
            application/openmetrics-text                                                     | 5000
            application/openmetrics-text; version=0.0.1; charset=utf-8                       | 5000
            application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8 | 5000
            Application/OpenMetrics-Text; Version=2.0.0                                      | 5000
            """)
    void knownTypesTellTheFormat(String type, String result) {
        assertThat(scraped(job, PAGE, type, null)).isEqualTo(result);
        assertThat(warnings.messages).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", textBlock = """
            none                                           | the page has no content type
            ''                                             | content type ""
            text/html; charset=utf-8                       | content type "text/html; charset=utf-8"
            application/json                               | content type "application/json"
            text/plain; charset                            | content type "text/plain; charset"
            text/plain; charset=utf-8; charset=latin1      | content type "text/plain; charset=utf-8; charset=latin1"
            application/openmetrics-protobuf               | content type "application/openmetrics-protobuf"
            application/vnd.google.protobuf; encoding=text | content type "application/vnd.google.protobuf; encoding=text"
            application/vnd.google.protobuf; proto=x.Y     | content type "application/vnd.google.protobuf; proto=x.Y"
            """)
    void otherTypesAreReadAsTextWithOneWarningOrFail(@Nullable String type, String named) {
        assertThat(scraped(job, PAGE, type, null)).isEqualTo("5");
        assertThat(warnings.messages).singleElement().asString().contains("h:1", named, "PrometheusText0.0.4");
        ScrapeJob noOther = job.toBuilder().fallbackFormat(null).build();
        assertThat(scraped(noOther, PAGE, type, null)).startsWith("CONTENT").contains(named, "fallbackFormat");
        assertThat(scraped(job, "<html>\n".getBytes(UTF_8), type, null))
                .startsWith("PARSE")
                .contains("content type");
    }

    @Test
    void eachPageIsReadAsItSays() {
        try (HandDriven hand = new HandDriven(job)) {
            List<String> types = List.of("text/plain", "application/openmetrics-text", "text/plain", "text/plain");
            types.forEach(type -> hand.answers.then(fetch ->
                    fetch.page(("a 1 " + hand.answers.requests.size() + "\n# EOF\n").getBytes(UTF_8), type, null)));
            hand.start();
            types.stream().skip(1).forEach(type -> hand.nextTick());
            assertThat(hand.rows.take())
                    .extracting(row -> row.replaceFirst(".*@", ""))
                    .startsWith("1", "2000");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.OUT_OF_ORDER))
                    .isEqualTo(1);
        }
    }

    @Test
    void anotherCharsetIsAWarningOrAFailureOfStrictMode() {
        String type = "application/openmetrics-text; charset=iso-8859-1";
        assertThat(scraped(job, PAGE, type, null)).isEqualTo("5000");
        assertThat(warnings.messages).singleElement().asString().contains("h:1", type, "UTF-8");
        assertThat(scraped(job.toBuilder().parsing(strict).build(), PAGE, type, null))
                .startsWith("CONTENT")
                .contains(type, "UTF-8");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", textBlock = """
            none     | plain  | 5
            identity | plain  | 5
            Identity | plain  | 5
            gzip     | packed | 5
            x-gzip   | packed | 5
            GZip     | packed | 5
            br       | packed | CONTENT the page has content encoding "br", which was not asked for
            deflate  | packed | CONTENT the page has content encoding "deflate", which was not asked for
            gzip,br  | packed | CONTENT the page has content encoding "gzip,br", which was not asked for
            """)
    void encodingIsGzipOrNone(@Nullable String encoding, String body, String result) throws IOException {
        byte[] page = body.equals("packed") ? GzipReaderTest.packed(PAGE) : PAGE;
        assertThat(scraped(job, page, "text/plain", encoding)).isEqualTo(result);
    }
}
