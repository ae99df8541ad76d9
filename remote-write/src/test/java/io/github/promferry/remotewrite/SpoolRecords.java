package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

    /** The files of a spool, by their places in it. */
    static Map<String, byte[]> load(Path directory) throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        for (Path file : files(directory).toList()) {
            contents.put(directory.relativize(file).toString(), Files.readAllBytes(file));
        }
        return contents;
    }

    /** Makes a spool of these files alone. What it had before is written over, which is faster than making files anew. */
    static void restore(Path directory, Map<String, byte[]> contents) throws IOException {
        Files.createDirectories(directory);
        for (Path file : files(directory).toList()) {
            if (!contents.containsKey(directory.relativize(file).toString())) {
                Files.delete(file);
            }
        }
        for (Map.Entry<String, byte[]> content : contents.entrySet()) {
            Path file = directory.resolve(content.getKey());
            Files.createDirectories(file.getParent());
            try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
                out.write(content.getValue());
                out.setLength(content.getValue().length);
            }
        }
    }
}
