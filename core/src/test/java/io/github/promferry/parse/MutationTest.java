package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.promferry.SampleBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a target sends, the parser answers with rows or with its own exception, in bounded time and memory. */
class MutationTest {
    /** A series costs about 600 bytes to learn, and a line that makes one has 4 at least. */
    static final long MAX_BYTES_PER_PAGE_BYTE = 250;

    /** For tables that begin small, and classes that are loaded meanwhile. */
    static final long FIXED_BYTES = 1 << 18;

    /** Larger ones show nothing that these do not. */
    private static final long MAX_SEED_BYTES = 75_000;

    private static final int TRIES = 5_000;
    private static final byte[] INTERESTING = Pages.bytes("{}\"\\,= \n\t\r#:@1e.+-\0Na");

    private static final List<ExpositionFormat> FORMATS = List.of(ExpositionFormat.values());

    /** Never compared. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Seed(ExpositionFormat format, byte[] page) {}

    static Stream<ParseOptions> options() {
        return Stream.of(
                ParseOptions.DEFAULTS,
                ParseOptions.builder().strict(true).build(),
                ParseOptions.builder().strict(true).utf8Names(true).build(),
                ParseOptions.builder()
                        .nativeHistograms(false)
                        .created(ParseOptions.Created.DROP)
                        .dropOutOfOrder(true)
                        .trackTimestampsStaleness(true)
                        .build(),
                ParseOptions.builder()
                        .skipBadLines(true)
                        .endMarkRequired(false)
                        .normalizeBounds(true)
                        .replaceInvalidHelp(true)
                        .classicHistogramsToo(true)
                        .classicHistogramsAsNative(true)
                        .created(ParseOptions.Created.START_TIMESTAMP)
                        .build());
    }

    /** Real pages, and what they lack. */
    private static List<Seed> seeds() throws IOException {
        List<Seed> seeds = new ArrayList<>(List.of(
                new Seed(ExpositionFormat.OPENMETRICS_2_0_0, Pages.bytes(OPENMETRICS_2)),
                new Seed(ExpositionFormat.TEXT_0_0_4, Pages.bytes(CARRIED)),
                new Seed(ExpositionFormat.TEXT_1_0_0, Pages.bytes(UTF8_NAMES)),
                new Seed(ExpositionFormat.TEXT_0_0_4, Pages.bytes("\"a 1\\nb{c=\\\"\\u00e9\\\"} 2\\n\"")),
                new Seed(ExpositionFormat.PROTOBUF, protobuf()),
                new Seed(ExpositionFormat.PROTOBUF, protobuf())));
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/corpus"))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (!name.endsWith(".md") && Files.size(file) < MAX_SEED_BYTES) {
                    seeds.add(new Seed(Pages.formatOf(name), Files.readAllBytes(file)));
                }
            }
        }
        return seeds;
    }

    private static final String OPENMETRICS_2 = """
            # TYPE h histogram
            # HELP h He\\nlp
            # UNIT h_s s
            h{a="b"} {count:3,sum:1.5,schema:0,zero_threshold:0.1,zero_count:1,positive_spans:[0:2,3:1],positive_buckets:[1,0,1],bucket:[1:2,+Inf:3]} 12.5 st@3.25 # {id="x"} 0.5 11 # {id="y"} 2 12
            # TYPE s summary
            s {count:3,sum:1.5,quantile:[0.5:1,0.9:2]}
            # TYPE c counter
            c_total{x="y"} 1 # {"q.z"="v"} 0.5
            c_created{x="y"} 123.456
            {"utf.8","l.n"="\\"v\\\\\\n"} -Inf 1e3
            # EOF
            """;

    private static final String UTF8_NAMES = """
            # TYPE "http.server.duration" summary
            # HELP "http.server.duration" H\u00e9lp \\\\ and \\n.
            {"http.server.duration","l.n"="\u00fc\\"\\\\\\n",quantile="0.5"} 1 1700000000000
            {"http.server.duration_sum","l.n"="x"} 2
            plain{"\u00e9"="v",} -Inf 1.5
            # EOF
            """;

    private static final String CARRIED = """
            # TYPE h histogram
            # OMLINE h{a="b"} {count:3,sum:1.5,schema:-53,custom_values:[0.5,1],positive_spans:[0:2],positive_buckets:[1,2]} 12.5 st@3.25 # {id="x"} 0.5 11
            # OMLINE h {count:3.0,sum:1.5,schema:0,zero_threshold:0.1,zero_count:1.0,positive_spans:[0:2],positive_buckets:[1.0,1.0]}
            # TYPE i gauge
            # OMTYPE info
            # OMTAIL st@1.5 # {id="1"} 0.5 12.5 # {id="2"} 1
            i_info{a="b"} 1
            """;

    @ParameterizedTest
    @MethodSource("options")
    void mutatedPagesThrowNothingElse(ParseOptions options) throws IOException {
        List<Seed> seeds = seeds();
        Random random = new Random(11);
        // Warm, so that mutations hit prediction as well.
        ExpositionParser warm = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            for (int i = 0; i < TRIES; i++) {
                Seed seed = seeds.get(random.nextInt(seeds.size()));
                ExpositionFormat format =
                        random.nextInt(4) > 0 ? seed.format : FORMATS.get(random.nextInt(FORMATS.size()));
                byte[] page = mutated(seed.page, random);
                run(warm, format, page);
                run(new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options), format, page);
            }
        });
    }

    private static void run(ExpositionParser parser, ExpositionFormat format, byte[] page) {
        SampleBatch batch = new SampleBatch();
        long before = AllocatedBytes.ofThisThread();
        try {
            parser.parse(format, page, 0, page.length, 1, batch);
        } catch (ExpositionException e) {
            assertThat(batch.size()).isZero();
            assertThat(e.getMessage()).isNotEmpty().hasSizeLessThan(600);
        }
        assertThat(AllocatedBytes.ofThisThread() - before)
                .isLessThan(FIXED_BYTES + MAX_BYTES_PER_PAGE_BYTE * page.length);
    }

    /** The same rows and the same error wherever the page lies, whatever lies around it. */
    @Test
    void surroundingsHaveNoInfluence() throws IOException {
        Random random = new Random(12);
        byte[][] seeds = {
            Pages.bytes(OPENMETRICS_2),
            Pages.bytes(CARRIED),
            Pages.corpus("prometheus-docs-example.prom"),
            protobuf(),
            Pages.bytes("a 1")
        };
        for (int i = 0; i < 3_000; i++) {
            byte[] seed = seeds[random.nextInt(seeds.length)];
            byte[] page =
                    random.nextBoolean() ? mutated(seed, random) : Arrays.copyOf(seed, random.nextInt(seed.length + 1));
            ExpositionFormat format = FORMATS.get(random.nextInt(FORMATS.size()));
            int from = random.nextInt(20);
            byte[] inside = new byte[from + page.length + random.nextInt(20)];
            for (int at = 0; at < inside.length; at++) {
                inside[at] = INTERESTING[random.nextInt(INTERESTING.length)];
            }
            System.arraycopy(page, 0, inside, from, page.length);
            ExpositionParser warm = new ExpositionParser();
            result(warm, format, seed, 0, seed.length);
            assertThat(result(warm, format, inside, from, from + page.length))
                    .isEqualTo(result(new ExpositionParser(), format, page, 0, page.length));
        }
    }

    private static String result(ExpositionParser parser, ExpositionFormat format, byte[] page, int from, int to) {
        SampleBatch batch = new SampleBatch();
        try {
            parser.parse(format, page, from, to, Pages.SCRAPE_TIME, batch);
            return Pages.rows(batch).toString();
        } catch (ExpositionException e) {
            return e.getMessage();
        }
    }

    private static byte[] protobuf() throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        ClientJavaPages.protobuf(ClientJavaPages.registry(new Random(4), 1, true), page);
        return page.toByteArray();
    }

    private static byte[] mutated(byte[] seed, Random random) {
        byte[] page = seed.clone();
        for (int edits = 1 + random.nextInt(4); edits > 0 && page.length > 0; edits--) {
            int at = random.nextInt(page.length);
            switch (random.nextInt(6)) {
                case 0 -> page[at] = (byte) random.nextInt(256);
                case 1 -> page[at] = INTERESTING[random.nextInt(INTERESTING.length)];
                case 2 -> page = Arrays.copyOf(page, at);
                case 3 -> page = Arrays.copyOfRange(page, at, page.length);
                case 4 -> {
                    int length = Math.min(random.nextInt(60), page.length - at);
                    System.arraycopy(
                            seed,
                            random.nextInt(seed.length - Math.min(length, seed.length) + 1),
                            page,
                            at,
                            Math.min(length, seed.length));
                }
                default -> {
                    byte[] longer = Arrays.copyOf(page, page.length + 1);
                    System.arraycopy(page, at, longer, at + 1, page.length - at);
                    longer[at] = INTERESTING[random.nextInt(INTERESTING.length)];
                    page = longer;
                }
            }
        }
        return page;
    }
}
