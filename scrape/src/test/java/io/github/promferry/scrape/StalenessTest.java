package io.github.promferry.scrape;

import static io.github.promferry.scrape.ScrapeFailure.Kind.CONNECTION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What becomes of series from scrape to scrape, as Prometheus has it: each case is a sequence of pages, and for each page
 * the rows that it must give.
 */
class StalenessTest {
    /** Instead of a page: the target does not answer. */
    private static final String DOWN = "down";

    private static final int SAMPLE_LIMIT = 3;

    /** A page and what it must give. */
    private record Scrape(String page, List<String> rows) {}

    private static Scrape scrape(String page, String... rows) {
        return new Scrape(page, List.of(rows));
    }

    private static Arguments sequence(String name, Scrape... scrapes) {
        return argumentSet(name, List.of(scrapes));
    }

    static Stream<Arguments> sequences() {
        return Stream.of(
                sequence(
                        "a vanished series is marked once and may return",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape("a 1\n", "a 1", "b stale"),
                        scrape("a 1\n", "a 1"),
                        scrape("a 1\nb 2\n", "a 1", "b 2")),
                sequence(
                        "an empty page is a success without series",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape("", "a stale", "b stale"),
                        scrape(""),
                        scrape("b 3\n", "b 3")),
                sequence(
                        "a page of comments is one, too",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape("# nothing yet\n", "a stale", "b stale"),
                        scrape("# nothing yet\n")),
                sequence(
                        "a failure marks everything once",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape(DOWN, "a stale", "b stale"),
                        scrape(DOWN),
                        scrape("b 5\n", "b 5"),
                        scrape("b 6\n", "b 6")),
                sequence(
                        "what came before a malformed line lives on",
                        scrape("a 1\nb 2\nc 3\n", "a 1", "b 2", "c 3"),
                        scrape("b 2\na 1\nx{\nc 3\n", "c stale"),
                        scrape("b 4\n", "b 4", "a stale")),
                sequence(
                        "and ends with the failure after it",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape("a 1\nx{\n", "b stale"),
                        scrape(DOWN, "a stale"),
                        scrape(DOWN)),
                sequence(
                        "or with the empty page after it",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape("a 1\nx{\n", "b stale"),
                        scrape("", "a stale")),
                sequence(
                        "a series that only a broken page had ends when the next page lacks it",
                        scrape("a 1\n", "a 1"),
                        scrape("a 1\nnew 1\nx{\n"),
                        scrape("a 1\n", "a 1", "new stale"),
                        scrape("a 1\n", "a 1")),
                sequence(
                        "a broken page after a failure begins what it has",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape(DOWN, "a stale", "b stale"),
                        scrape("b 2\nx{\n"),
                        scrape("a 1\n", "a 1", "b stale")),
                sequence(
                        "broken pages in turn",
                        scrape("a 1\nb 2\nc 3\n", "a 1", "b 2", "c 3"),
                        scrape("a 1\nx{\nb 2\nc 3\n", "b stale", "c stale"),
                        scrape("c 1\nx{\n", "a stale"),
                        scrape("x{\n", "c stale"),
                        scrape("a 1\nb 2\nc 3\n", "a 1", "b 2", "c 3")),
                sequence(
                        "over the sample limit the first samples live on",
                        scrape("a 1\nb 2\nc 3\n", "a 1", "b 2", "c 3"),
                        scrape("a 1\nb 2\nnew 1\nc 3\n", "c stale"),
                        scrape("a 1\nb 2\n", "a 1", "b 2", "new stale")),
                sequence(
                        "beyond the sample limit nothing new begins",
                        scrape("a 1\nb 2\nc 3\n", "a 1", "b 2", "c 3"),
                        scrape("a 1\nb 2\nc 3\nd 4\ne 5\n"),
                        scrape("a 1\nb 2\nc 3\n", "a 1", "b 2", "c 3")),
                sequence(
                        "a label limit is like a malformed line",
                        scrape("a 1\nb 2\n", "a 1", "b 2"),
                        scrape("a 1\nl{much=\"too long\"} 1\nb 2\n", "b stale"),
                        scrape("a 1\nb 2\n", "a 1", "b 2")),
                sequence(
                        "a timestamp on the page exempts from all that",
                        scrape("a 1\nt 2 1700000000000\n", "a 1", "t 2"),
                        scrape("t 2 1700000000000\nx{\n", "a stale"),
                        scrape(DOWN)),
                sequence(
                        "unless the timestamp goes away",
                        scrape("t 2 1700000000000\n", "t 2"),
                        scrape("t 3\n", "t 3"),
                        scrape("", "t stale")));
    }

    @ParameterizedTest
    @MethodSource("sequences")
    void isAsInPrometheus(List<Scrape> scrapes) {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .limits(ScrapeLimits.builder()
                        .samples(SAMPLE_LIMIT)
                        .labelValueBytes(5)
                        .build())
                .build();
        List<List<String>> given = new ArrayList<>();
        try (HandDriven hand = new HandDriven(job)) {
            for (Scrape scrape : scrapes) {
                hand.answers.then(fetch -> {
                    if (scrape.page.equals(DOWN)) {
                        fetch.fail(CONNECTION, "down");
                    } else {
                        fetch.page(scrape.page);
                    }
                });
                if (given.isEmpty()) {
                    hand.start();
                } else {
                    hand.nextTick();
                }
                given.add(hand.rows.takeBrief());
            }
        }
        for (int i = 0; i < scrapes.size(); i++) {
            assertThat(given.get(i)).as("scrape " + (i + 1)).containsExactlyInAnyOrderElementsOf(scrapes.get(i).rows);
        }
    }

    /** "Approximate churn": what the target's last pages had, also before failures and empty pages, is not added. */
    @Test
    void seriesAddedAreThoseThatNoPageHasShownSinceTheLastGoodOne() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .limits(ScrapeLimits.builder().samples(SAMPLE_LIMIT).build())
                .build();
        List<Integer> added = new ArrayList<>();
        String[] pages = {
            "a 1\nb 2\n",
            "",
            "a 1\nb 2\n",
            "a 1\nc 3\nx{\n",
            "a 1\nb 2\nc 3\n",
            "a 1\nd 4\ne 5\nf 6\ng 7\n",
            "a 1\nd 4\n",
            "a 1\nb 2\n"
        };
        try (HandDriven hand = new HandDriven(job)) {
            for (String page : pages) {
                hand.answers.page(page);
            }
            hand.start();
            for (int i = 0; i < pages.length; i++) {
                added.add(hand.status().lastScrape().seriesAdded());
                if (i + 1 < pages.length) {
                    hand.nextTick();
                }
            }
        }
        assertThat(added).containsExactly(2, 0, 0, 1, 0, 2, 0, 1);
    }

    /** As in Prometheus, where no parser is asked. */
    @Test
    void anEmptyPageNeedsNeitherContentTypeNorEndMark() {
        ScrapeJob job = HandDriven.job().target("h:1").fallbackFormat(null).build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .then(fetch -> fetch.page("", "text/html"))
                    .then(fetch -> fetch.page("", "application/openmetrics-text; version=1.0.0"))
                    .then(fetch -> fetch.page("\n", "application/openmetrics-text; version=1.0.0"));
            hand.start();
            assertThat(hand.status().health()).isEqualTo(TargetStatus.Health.UP);
            hand.nextTick();
            assertThat(hand.status().health()).isEqualTo(TargetStatus.Health.UP);
            hand.nextTick();
            assertThat(hand.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.PARSE);
        }
    }
}
