package io.github.promferry.examples.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.remotewrite.QueueConfig;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Where samples wait on disk, by the command line. Each endpoint has a folder of its own in the directory.
 *
 * @param directory null for memory alone, or what the file says
 * @param maxBytes the most that waits for one endpoint
 * @param maxAge samples that have waited longer are dropped; zero for what the file says
 */
public record SpoolOptions(@Nullable Path directory, long maxBytes, Duration maxAge) {
    /** No spool but the one of the file. */
    public static final SpoolOptions NONE = new SpoolOptions(null, QueueConfig.DEFAULT_SPOOL_MAX_BYTES, Duration.ZERO);

    void applyTo(QueueConfig.Builder queue, String folder) {
        if (directory != null) {
            queue.spool(directory.resolve(folder));
        }
        queue.spoolMaxBytes(maxBytes);
        if (!maxAge.isZero()) {
            queue.maxAge(maxAge);
        }
    }

    /** So many shards, or as many as a small spool has room for. */
    int maxShards(int wanted) {
        return (int) Math.max(1, Math.min(wanted, maxBytes / QueueConfig.MIN_SPOOL_BYTES_PER_SHARD));
    }

    /** The folder of an endpoint that the user has named: it stays the same when the URL changes. */
    static String folder(String name) {
        // A name may be two dots.
        return URLEncoder.encode(name, UTF_8).replace(".", "%2E");
    }

    /** The folder of an endpoint without a name: it stays the same when the order of endpoints changes. */
    static String folder(URI url) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(url.toString().getBytes(UTF_8));
            return URLEncoder.encode(url.getHost(), UTF_8) + "-"
                    + HexFormat.of().formatHex(hash, 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
