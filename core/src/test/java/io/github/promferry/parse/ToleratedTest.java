package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import io.github.promferry.Series;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is tolerated is counted by kind, each time the page comes. */
class ToleratedTest {
    /** Kinds that only an option lets pass. */
    private static final Set<Tolerated> BY_OPTION = Set.of(Tolerated.INVALID_HELP, Tolerated.MISSING_END_MARK);

    /** Reasons of strict mode, as {@link Tolerated} says: numbers among each other, halves, quotes, times across series. */
    private static final List<String> NOT_COUNTED = List.of(
            "fewer observations", "differs from", "5 of a_", "a negative sum", "a quoted name", "an earlier point");

    static Stream<Arguments> pages() throws IOException {
        return StrictOpenMetricsTest.rows("tolerated.txt");
    }

    static Stream<Arguments> badPages() throws IOException {
        return Stream.concat(
                        StrictOpenMetricsTest.pages().map(row -> bad(ExpositionFormat.OPENMETRICS_1_0_0, row)),
                        StrictOpenMetricsTest.pagesOfVersion2()
                                .map(row -> bad(ExpositionFormat.OPENMETRICS_2_0_0, row)))
                .filter(row -> !String.valueOf(row.get()[2]).startsWith("good"));
    }

    private static Arguments bad(ExpositionFormat format, Arguments row) {
        return Arguments.of(format, row.get()[1], row.get()[2]);
    }

    private static ExpositionParser parser(ParseOptions.Builder options) {
        return new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options.build());
    }

    private static String counts(ExpositionParser parser) {
        return Arrays.stream(Tolerated.values())
                .filter(kind -> parser.toleratedCount(kind) > 0)
                .map(kind -> kind + "=" + parser.toleratedCount(kind))
                .sorted()
                .collect(Collectors.joining(","));
    }

    private static ExpositionFormat format(String name) {
        return switch (name) {
            case "text" -> ExpositionFormat.TEXT_0_0_4;
            case "om" -> ExpositionFormat.OPENMETRICS_1_0_0;
            default -> ExpositionFormat.OPENMETRICS_2_0_0;
        };
    }

    private static byte[] page(String format, String page) {
        boolean whole = format.equals("text") || page.startsWith("!");
        return Pages.unescaped(whole ? page.replaceFirst("^!", "") : page + "# EOF\\n");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("pages")
    void countsAreThoseOfThePageEachTime(String format, String page, String expected) {
        byte[] bytes = page(format, page);
        ExpositionParser parser = parser(ParseOptions.builder());
        for (int lap = 0; lap < 3; lap++) {
            Pages.parse(parser, format(format), bytes);
            assertThat(counts(parser)).isEqualTo(expected);
        }
        Pages.parse(parser, "z 1\n");
        assertThat(counts(parser)).isEmpty();
        Pages.parse(parser, format(format), bytes);
        assertThat(counts(parser)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("pages")
    void linesThatTheResolverDropsOrRenamesCountToo(String format, String page, String expected) {
        SeriesDictionary dropping = new SeriesDictionary((labels, metadata) -> null);
        SeriesDictionary renaming = new SeriesDictionary(
                (labels, metadata) -> Series.of(Labels.of("__name__", "x", "was", labels.toString()), metadata));
        for (SeriesDictionary dictionary : List.of(dropping, renaming)) {
            ExpositionParser parser = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
            for (int lap = 0; lap < 2; lap++) {
                Pages.parse(parser, format(format), page(format, page));
                assertThat(counts(parser)).isEqualTo(dictionary == dropping ? withoutTimestamps(expected) : expected);
            }
        }
    }

    private static String withoutTimestamps(String expected) {
        return Arrays.stream(expected.split(","))
                .filter(count -> !count.startsWith("TIMESTAMP_ORDER") && !count.startsWith("MIXED_TIMESTAMPS"))
                .collect(Collectors.joining(","));
    }

    @Test
    void timestampsThatAreIgnoredAreInNoOrder() {
        byte[] page = page("om", "a 1 5\\na 2 4\\n# TYPE b counter\\nb_total 1 5\\nb_created 1\\n");
        for (boolean honored : new boolean[] {true, false}) {
            ExpositionParser parser = parser(ParseOptions.builder().honorTimestamps(honored));
            Pages.parse(parser, ExpositionFormat.OPENMETRICS_1_0_0, page);
            assertThat(counts(parser)).isEqualTo(honored ? "MIXED_TIMESTAMPS=1,TIMESTAMP_ORDER=1" : "");
        }
    }

    @Test
    void everyKindIsInTheTable() throws IOException {
        Set<String> kinds = new TreeSet<>();
        pages().flatMap(row -> Arrays.stream(String.valueOf(row.get()[2]).split(",")))
                .filter(count -> !count.isEmpty())
                .forEach(count -> kinds.add(count.substring(0, count.indexOf('='))));
        BY_OPTION.forEach(kind -> kinds.add(kind.name()));
        assertThat(kinds)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Tolerated.values()).map(Tolerated::name).toList());
    }

    /** What strict mode refuses and tolerant mode takes has a kind. */
    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("badPages")
    void nothingIsToleratedWithoutACount(ExpositionFormat format, String page, String reason) {
        ExpositionParser parser = parser(ParseOptions.builder());
        try {
            Pages.parse(parser, format, StrictOpenMetricsTest.page(page));
        } catch (ExpositionException e) {
            return;
        }
        if (NOT_COUNTED.stream().noneMatch(reason::contains)) {
            assertThat(counts(parser) + (parser.leftOutCount(LeftOut.DUPLICATE) > 0 ? " duplicates" : ""))
                    .isNotEmpty();
        }
    }

    @Test
    void whatOptionsLetPassIsCounted() {
        ExpositionParser waiving = parser(ParseOptions.builder().endMarkRequired(false));
        ExpositionParser replacing = parser(ParseOptions.builder().replaceInvalidHelp(true));
        for (int lap = 0; lap < 2; lap++) {
            Pages.parse(waiving, ExpositionFormat.OPENMETRICS_1_0_0, Pages.bytes("a 1\n"));
            assertThat(counts(waiving)).isEqualTo("MISSING_END_MARK=1");
            Pages.parse(replacing, ExpositionFormat.TEXT_0_0_4, Pages.unescaped("# HELP a \\xFF\\na 1\\n"));
            assertThat(counts(replacing)).isEqualTo("INVALID_HELP=1");
        }
    }

    @Test
    void ofAPageThatCannotBeReadLinesUpToItsFailureCount() {
        ExpositionParser parser = parser(ParseOptions.builder());
        Pages.parse(parser, "a 1\nb 1\na{x=\"1\"} 1\n");
        assertThatThrownBy(() -> Pages.parse(parser, "a 1\r\nb 1\na{x=\"1\"} 1\nc{\r\n"))
                .isInstanceOf(ExpositionException.class);
        assertThat(counts(parser)).isEqualTo("CARRIAGE_RETURN=1");
    }

    /** Real pages break rules, too; a kind that nobody meets would be of no use. */
    @Test
    void realPagesAreMostlyByTheRules() {
        ExpositionParser parser = parser(ParseOptions.builder());
        Pages.parse(parser, ExpositionFormat.TEXT_0_0_4, Pages.corpus("prometheus-alltypes-237mfs.prom"));
        assertThat(counts(parser).toLowerCase(Locale.ROOT)).isEmpty();
    }
}
