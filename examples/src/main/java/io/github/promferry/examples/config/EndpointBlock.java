package io.github.promferry.examples.config;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.remotewrite.Backoff;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.WriteProtocol;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What both kinds of files say in the same way about where samples are sent. */
final class EndpointBlock {
    /** Never used: a file with errors starts nothing. */
    private static final URI AFTER_AN_ERROR = URI.create("http://invalid.invalid/");

    private EndpointBlock() {}

    /** A builder for the URL under the key; after an error for some other, so that the rest can be checked. */
    static RemoteWriteConfig.Builder url(Block block, String key) {
        String url = block.required(key);
        try {
            if (!url.isEmpty()) {
                return RemoteWriteConfig.builder(new URI(url));
            }
        } catch (URISyntaxException e) {
            // Its message quotes the URL, which may hold a password.
            block.error(key, "not a URL: " + e.getReason() + " at index " + e.getIndex());
        } catch (IllegalArgumentException e) {
            block.error(key, e);
        }
        return RemoteWriteConfig.builder(AFTER_AN_ERROR);
    }

    /** The HTTP settings to start from: those that the URL itself asks for, such as its user and password. */
    static HttpSettings.Builder http(RemoteWriteConfig.Builder writer) {
        return writer.build().http().toBuilder();
    }

    /** The message that is sent: 1.0 unless the file says otherwise, as in both originals. */
    static WriteProtocol protocol(Block block) {
        WriteProtocol protocol = block.read("protobuf_message", EndpointBlock::protocol);
        return protocol == null ? WriteProtocol.V1 : protocol;
    }

    private static WriteProtocol protocol(String name) {
        return Arrays.stream(WriteProtocol.values())
                .filter(protocol -> protocol.configName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("expected one of "
                        + Arrays.stream(WriteProtocol.values())
                                .map(WriteProtocol::configName)
                                .collect(Collectors.joining(", "))));
    }

    /** A duration that must not be zero. */
    static Duration positive(Block block, String key, DurationFormat format, Duration otherwise) {
        Duration duration = block.duration(key, format, otherwise);
        if (duration.isZero()) {
            block.error(key, "must be more than 0");
            return otherwise;
        }
        return duration;
    }

    /**
     * The waits between attempts. Without the keys the library's own: Prometheus' 30 ms and the collector's 50 ms make
     * a receiver that is down busier than one that works.
     */
    static Backoff backoff(Block block, String minKey, String maxKey, DurationFormat format) {
        Duration min = positive(block, minKey, format, Backoff.DEFAULT.min());
        Duration max = positive(block, maxKey, format, Backoff.DEFAULT.max());
        if (max.compareTo(min) >= 0) {
            return new Backoff(min, max, Backoff.DEFAULT.jitter());
        }
        if (block.has(minKey) && block.has(maxKey)) {
            block.error(
                    maxKey,
                    DurationFormat.format(max) + " is shorter than " + minKey + ", " + DurationFormat.format(min));
        }
        // Only one of the two is written: it wins over the default of the other.
        Duration both = block.has(maxKey) ? max : min;
        return new Backoff(both, both, Backoff.DEFAULT.jitter());
    }
}
