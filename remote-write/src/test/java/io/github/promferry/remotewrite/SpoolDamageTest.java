package io.github.promferry.remotewrite;

import static io.github.promferry.remotewrite.SpoolRecords.append;
import static io.github.promferry.remotewrite.SpoolRecords.damagedSamples;
import static io.github.promferry.remotewrite.SpoolRecords.drain;
import static io.github.promferry.remotewrite.SpoolRecords.load;
import static io.github.promferry.remotewrite.SpoolRecords.open;
import static io.github.promferry.remotewrite.SpoolRecords.restore;
import static io.github.promferry.remotewrite.SpoolRecords.segments;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpoolDamageTest {
    private static final List<String> TEXTS = List.of("the first", "second", "", "and the fourth", "five", "sixth one");

    private static final QueueConfig NO_SYNC =
            QueueConfig.builder().fsync(QueueConfig.Fsync.NEVER).build();

    @TempDir
    Path directory;

    /** Where each record ends in the one segment of {@link #write}. */
    private final List<Long> ends = new ArrayList<>();

    private Path spool;

    /** Where each case of a table has a damaged {@link #spool}. */
    private Path copy() {
        return directory.resolve("copy");
    }

    private String nameOf(Path file) {
        return spool.relativize(file).toString();
    }

    /** A spool with all the texts, the first two acknowledged one by one. */
    private void write() throws IOException {
        spool = directory.resolve("spool");
        try (Spool written = open(spool)) {
            writeTexts(written.logs().get(0));
        }
    }

    private void writeTexts(SpoolLog log) {
        for (String text : TEXTS) {
            ends.add(append(log, text));
        }
        log.acknowledge(ends.get(0), TEXTS.get(0).length());
        log.acknowledge(ends.get(1), TEXTS.get(1).length());
        ends.replaceAll(SpoolSegment::offsetOf);
    }

    /** As much of a file that is used again as the tables have to do with: old records are at its end. */
    private static final int OLD_BYTES = 4096;

    /** The same in a file that is used again; returns what was in it before. */
    private byte[] writeOver() throws IOException {
        spool = directory.resolve("spool");
        try (Spool written =
                open(spool, QueueConfig.builder().spoolMaxBytes(1 << 20).build())) {
            SpoolLog log = written.logs().get(0);
            // As many records as fill it, so that there are old ones at every place.
            while (segments(spool).size() < 2) {
                append(log, "some text that was there before");
            }
            append(log, "x".repeat(1 << 17));
            byte[] before = Files.readAllBytes(segments(spool).get(0));
            drain(log);
            writeTexts(log);
            try (RandomAccessFile file = new RandomAccessFile(last(spool).toFile(), "rw")) {
                assertThat(file.length()).isEqualTo(before.length);
                file.setLength(OLD_BYTES);
            }
            return Arrays.copyOf(before, OLD_BYTES);
        }
    }

    @Test
    void aKillInTheMidstOfARecordThatIsWrittenOverOldOnesCostsNoOther() throws IOException {
        byte[] before = writeOver();
        Map<String, byte[]> contents = load(spool);
        String name = nameOf(last(spool));
        byte[] after = contents.get(name);
        assertThat(ends.get(5) + 2 * SpoolHeader.BYTES).isLessThan(OLD_BYTES / 2);
        for (int written = 0; written <= ends.get(5) + SpoolHeader.BYTES; written++) {
            byte[] torn = before.clone();
            System.arraycopy(after, 0, torn, 0, written);
            contents.put(name, torn);
            restore(copy(), contents);
            List<String> expected = textsWithin(written);
            try (Spool opened = open(copy())) {
                SpoolLog log = opened.logs().get(0);
                assertThat(log.recoveredSamples())
                        .isEqualTo(String.join("", expected).length());
                append(log, "appended later");
                expected.add("appended later");
                assertThat(drain(log)).as("%s bytes written", written).isEqualTo(expected);
                assertThat(log.waitingSamples()).isZero();
                assertThat(log.dropped()).isEmpty();
                assertThat(log.damages()).isZero();
            }
        }
    }

    /** Those, from the third on, that lie wholly in so many bytes of the file. */
    private List<String> textsWithin(long length) {
        List<String> texts = new ArrayList<>();
        for (int i = 2; i < TEXTS.size(); i++) {
            if (ends.get(i) <= length) {
                texts.add(TEXTS.get(i));
            }
        }
        return texts;
    }

    private static Path last(Path spool) throws IOException {
        List<Path> all = segments(spool);
        return all.get(all.size() - 1);
    }

    @Test
    void truncationAtEveryByteCostsOnlyTheRecordsCutOff() throws IOException {
        write();
        Map<String, byte[]> contents = load(spool);
        String name = nameOf(last(spool));
        byte[] whole = contents.get(name);
        for (int length = 0; length <= whole.length; length++) {
            contents.put(name, Arrays.copyOf(whole, length));
            restore(copy(), contents);
            List<String> expected = textsWithin(length);
            try (Spool cut = open(copy())) {
                SpoolLog log = cut.logs().get(0);
                append(log, "appended later");
                expected.add("appended later");
                assertThat(drain(log)).as("cut to %s bytes", length).isEqualTo(expected);
                assertThat(log.waitingSamples()).isZero();
                assertThat(log.dropped()).isEmpty();
            }
            try (Spool again = open(copy())) {
                assertThat(drain(again.logs().get(0))).isEmpty();
            }
        }
    }

    @ParameterizedTest(name = "in a file that is used again: {0}")
    @ValueSource(booleans = {false, true})
    void aWrongByteAnywhereCostsOneRecordAtMost(boolean over) throws IOException {
        if (over) {
            writeOver();
            Files.delete(segments(spool).get(0));
        } else {
            write();
        }
        Map<String, byte[]> contents = load(spool);
        for (String name : List.copyOf(contents.keySet())) {
            byte[] sound = contents.get(name);
            for (int at = 0; at < Math.min(sound.length, ends.get(5) + 2 * SpoolHeader.BYTES); at++) {
                byte[] bytes = sound.clone();
                bytes[at] ^= (byte) (at % 2 == 0 ? 1 << at % 8 : 0xff);
                contents.put(name, bytes);
                restore(copy(), contents);
                checkDamaged(name, at);
            }
            contents.put(name, sound);
        }
    }

    private void checkDamaged(String file, long at) throws IOException {
        List<String> expected = new ArrayList<>(TEXTS.subList(2, TEXTS.size()));
        int damaged = -1;
        boolean inRecord = at < ends.get(ends.size() - 1);
        if (inRecord && file.endsWith(".v1")) {
            damaged = 0;
            while (ends.get(damaged) <= at) {
                damaged++;
            }
            if (damaged >= 2) {
                expected.remove(damaged - 2);
            }
        }
        try (Spool opened = open(copy())) {
            SpoolLog log = opened.logs().get(0);
            long recovered = log.recoveredSamples();
            append(log, "appended later");
            expected.add("appended later");
            List<String> found = drain(log);
            if (file.endsWith("acknowledged") && found.get(0).equals(TEXTS.get(1))) {
                // The newer of the two slots was hit: the block acknowledged last comes again.
                found.remove(0);
                recovered -= TEXTS.get(1).length();
            }
            assertThat(found).as("byte %s of %s", at, file).isEqualTo(expected);
            assertThat(log.waitingSamples()).isZero();
            assertThat(log.damages()).isEqualTo(damaged >= 2 ? 1 : 0);
            long delivered = (long) String.join("", found).length() - "appended later".length();
            assertThat(recovered).isEqualTo(delivered + damagedSamples(log));
        }
        try (Spool again = open(copy())) {
            assertThat(drain(again.logs().get(0))).isEmpty();
        }
    }

    @Test
    void damageThatHappensWhileTheLogIsOpenIsCountedToTheSample() throws IOException {
        spool = directory.resolve("spool");
        try (Spool opened = open(spool)) {
            SpoolLog log = opened.logs().get(0);
            for (String text : TEXTS) {
                ends.add(SpoolSegment.offsetOf(append(log, text)));
            }
            try (RandomAccessFile file =
                    new RandomAccessFile(segments(spool).get(0).toFile(), "rw")) {
                file.seek(ends.get(2) + SpoolHeader.BYTES);
                file.write('X');
            }
            List<String> found = drain(log);
            assertThat(found).containsExactly("the first", "second", "", "five", "sixth one");
            assertThat(damagedSamples(log)).isEqualTo("and the fourth".length());
            assertThat(log.waitingSamples()).isZero();
        }
    }

    @Test
    void aSegmentThatSomebodyDeletesIsCountedAsDamaged() throws IOException {
        QueueConfig small = QueueConfig.builder().spoolMaxBytes(1 << 20).build();
        String text = "x".repeat(1 << 17);
        spool = directory.resolve("spool");
        try (Spool opened = open(spool, small)) {
            SpoolLog log = opened.logs().get(0);
            append(log, text);
            append(log, text);
            append(log, "last");
            Files.delete(segments(spool).get(1));
            assertThat(drain(log)).containsExactly(text, "last");
            assertThat(damagedSamples(log)).isEqualTo(text.length());
            assertThat(log.waitingSamples()).isZero();
        }
    }

    @Test
    void aBodyThatLooksLikeARecordIsNotTakenForOne() throws IOException {
        spool = directory.resolve("spool");
        byte[] forged = new byte[2 * SpoolHeader.BYTES];
        SpoolHeader header = new SpoolHeader();
        header.samples = 1_000_000;
        header.describe(forged, 0, 0);
        header.write(forged, SpoolHeader.BYTES, 0);
        try (Spool opened = open(spool)) {
            SpoolLog log = opened.logs().get(0);
            header.samples = 1;
            log.append(header, forged, 0, forged.length);
            append(log, "sound");
        }
        Path segment = segments(spool).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        bytes[0] ^= 1;
        Files.write(segment, bytes);
        try (Spool opened = open(spool)) {
            assertThat(opened.logs().get(0).recoveredSamples()).isEqualTo("sound".length());
            assertThat(drain(opened.logs().get(0))).containsExactly("sound");
        }
    }

    @Test
    void filesOfOthersAreLeftAlone() throws IOException {
        write();
        Path stranger = Files.writeString(segments(spool).get(0).resolveSibling("notes.txt"), "mine", UTF_8);
        try (Spool opened = open(spool)) {
            assertThat(drain(opened.logs().get(0))).hasSize(4);
        }
        assertThat(stranger).hasContent("mine");
    }

    /** Which request each of the scrapes is in that {@link #writeScrapes} writes. */
    private static final int[] REQUESTS = {0, 0, 0, 1, 1, 2};

    private static final int SERIES = 2;

    /** Where each of the records begins; {@link #ends} has their ends, between which and the next is a copy of symbols. */
    private final List<Long> starts = new ArrayList<>();

    /** A record for each scrape, as a writer makes them, each with symbols that are new in its request. */
    private void writeScrapes(WriteProtocol protocol) throws IOException {
        spool = directory.resolve("spool");
        BlockEncoder encoder = protocol == WriteProtocol.V1
                ? new V1Encoder(Labels.EMPTY, null)
                : new V2Encoder(Labels.EMPTY, null, true);
        List<Batches> targets =
                List.of(new Batches("a:1", SERIES), new Batches("b:1", SERIES), new Batches("c:1", SERIES));
        try (Spool written = open(spool)) {
            SpoolLog log = written.logs().get(0);
            BlockQueue queue = new BlockQueue(NO_SYNC, Clock.SYSTEM, written);
            Journal journal = new Journal(log, queue, queue.addLane(log.slice(), () -> {}, log));
            for (int scrape = 0; scrape < REQUESTS.length; scrape++) {
                List<SampleBatch> batches = targets.stream().map(Batches::next).toList();
                encoder.mark();
                int rows = encoder.encode(
                        batches.get(scrape % batches.size()), 0, SERIES, Integer.MAX_VALUE, false, Clock.SYSTEM);
                assertThat(rows).isEqualTo(SERIES);
                starts.add(SpoolSegment.offsetOf(log.end()));
                journal.write(encoder);
                ends.add(SpoolSegment.offsetOf(log.end()));
                if (scrape + 1 == REQUESTS.length || REQUESTS[scrape] < REQUESTS[scrape + 1]) {
                    journal.seal(encoder, 0);
                }
            }
        }
    }

    /** What the queue of a writer gives of a spool: the scrapes that are complete, in order. */
    private static List<Integer> deliver(Path from) throws IOException, InterruptedException {
        List<Integer> scrapes = new ArrayList<>();
        try (Spool opened = open(from)) {
            SpoolLog log = opened.logs().get(0);
            BlockQueue queue = new BlockQueue(NO_SYNC, Clock.SYSTEM, opened);
            Lane lane = queue.addLane(log.slice(), () -> {}, log);
            log.onLoss(lost -> queue.dropRows(lost.loss().reason, lost.samples()));
            assertThat(queue.stats(1, 1).accepted()).isEqualTo(log.recoveredSamples());
            queue.drain();
            for (Block block = queue.take(lane); block != null; block = queue.take(lane)) {
                List<Decoded.Row> rows = Decoded.rows(block);
                assertThat(rows).hasSize(block.samples);
                for (int row = 0; row < rows.size(); row++) {
                    if (row % SERIES == 0) {
                        scrapes.add((int) (rows.get(row).timestamp() - Batches.T0) / 1000);
                    }
                    double value = scrapes.get(scrapes.size() - 1) * 1000.0 + row % SERIES;
                    assertThat(rows.get(row).valueBits()).isEqualTo(Double.doubleToRawLongBits(value));
                }
                assertThat(queue.decide(lane, block, block.samples, "")).isTrue();
            }
            WriterStats stats = queue.stats(1, 1);
            assertThat(stats.accepted()).isEqualTo(stats.delivered() + stats.droppedTotal());
            assertThat(stats.waiting()).isZero();
            assertThat(stats.delivered()).isEqualTo((long) SERIES * scrapes.size());
            assertThat(log.waitingSamples()).isZero();
        }
        try (Spool again = open(from)) {
            assertThat(again.logs().get(0).recoveredSamples()).isZero();
        }
        return scrapes;
    }

    /** Damages the segment of the scrapes at one place after the other, each time anew. */
    private void damageEverywhere(WriteProtocol protocol, Damage damage, Survival survival) throws Exception {
        writeScrapes(protocol);
        Map<String, byte[]> contents = load(spool);
        String name = nameOf(last(spool));
        byte[] sound = contents.get(name);
        for (int at = 0; at < sound.length; at++) {
            contents.put(name, damage.to(sound.clone(), at));
            restore(copy(), contents);
            int place = at;
            List<Integer> expected = IntStream.range(0, REQUESTS.length)
                    .filter(scrape -> survival.of(scrape, place))
                    .boxed()
                    .toList();
            assertThat(deliver(copy())).as("byte %s", at).isEqualTo(expected);
        }
    }

    private interface Damage {
        byte[] to(byte[] bytes, int at);
    }

    /** Whether a scrape is delivered after damage at a place. */
    private interface Survival {
        boolean of(int scrape, int at);
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"V1", "V2"})
    void aWrongByteCostsTheSamplesOfItsRecord(WriteProtocol protocol) throws Exception {
        damageEverywhere(
                protocol,
                (bytes, at) -> {
                    bytes[at] ^= (byte) (1 << at % 8);
                    return bytes;
                },
                (scrape, at) -> at < starts.get(scrape) || at >= ends.get(scrape));
    }

    /** Then the later records of the request are lost with the damaged one, and counted. */
    @ParameterizedTest(name = "killed before the request was finished: {0}")
    @ValueSource(booleans = {false, true})
    void symbolsThatAreDamagedTwiceOrWereNotCopiedCostTheRecordsThatNeedThem(boolean killed) throws Exception {
        writeScrapes(WriteProtocol.V2);
        Path segment = segments(spool).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        int copyAt = Math.toIntExact(ends.get(2));
        assertThat(starts.get(3)).isGreaterThan(copyAt + SpoolHeader.BYTES);
        bytes[SpoolHeader.BYTES + 2] ^= 1;
        bytes[copyAt + SpoolHeader.BYTES + 2] ^= 1;
        Files.write(segment, killed ? Arrays.copyOf(bytes, copyAt) : bytes);
        assertThat(deliver(spool)).isEqualTo(killed ? List.of() : List.of(3, 4, 5));
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"V1", "V2"})
    void truncationAtEveryByteCostsTheScrapesCutOff(WriteProtocol protocol) throws Exception {
        damageEverywhere(protocol, Arrays::copyOf, (scrape, at) -> ends.get(scrape) <= at);
    }
}
