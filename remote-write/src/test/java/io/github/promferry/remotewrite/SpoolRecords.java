package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Short texts as the records of a spool. */
final class SpoolRecords {
    private SpoolRecords() {}

    private static int blocks;

    static Spool open(Path directory) throws IOException {
        return open(
                directory, QueueConfig.builder().fsync(QueueConfig.Fsync.NEVER).build());
    }

    static Spool open(Path directory, QueueConfig config) throws IOException {
        return Spool.open(directory, config, Clock.SYSTEM, SpoolDisk.REAL);
    }

    /** A block of one record; its samples are the length of the text. */
    static long append(SpoolLog log, String text) {
        return append(log, text, ++blocks);
    }

    static long append(SpoolLog log, String text, int block) {
        SpoolHeader header = new SpoolHeader();
        header.block = block;
        header.samples = text.length();
        byte[] body = ("<" + text + ">").getBytes(UTF_8);
        return log.append(header, body, 1, text.length());
    }

    /** Reads and acknowledges everything. */
    static List<String> drain(SpoolLog log) throws IOException {
        List<String> texts = new ArrayList<>();
        long limit = log.end();
        try (SpoolReader reader = new SpoolReader(log)) {
            while (reader.next(log.acknowledged(), limit)) {
                texts.add(text(reader));
                log.acknowledge(reader.end(), reader.header().samples);
            }
        }
        log.acknowledge(limit, 0);
        return texts;
    }

    static String text(SpoolReader reader) {
        return new String(reader.body(), reader.bodyAt(), reader.header().bodyLength, UTF_8);
    }

    static long damagedSamples(SpoolLog log) {
        return log.dropped().getOrDefault(SpoolLog.Loss.SPOOL_DAMAGED, 0L);
    }

    /** All segments of a spool, oldest first. */
    static List<Path> segments(Path directory) throws IOException {
        return files(directory).filter(file -> file.toString().endsWith(".v1")).toList();
    }

    static Stream<Path> files(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            return found.filter(Files::isRegularFile).sorted().toList().stream();
        }
    }

    /** A copy of a spool with one of its files changed. */
    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> found = Files.walk(from)) {
            found.forEach(file -> {
                Path copy = to.resolve(from.relativize(file).toString());
                try {
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(copy);
                    } else {
                        Files.write(copy, Files.readAllBytes(file));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
