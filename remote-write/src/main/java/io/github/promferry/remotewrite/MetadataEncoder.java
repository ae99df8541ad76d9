package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The metadata of Remote Write 1.0, which travels in requests of its own: {@code WriteRequest} with {@code metadata} only.
 * Not in the 1.0 specification, but what Prometheus sends and receivers expect.
 */
final class MetadataEncoder {
    /** Prometheus' {@code metadata_config.max_samples_per_send}. */
    static final int MAX_ENTRIES = 2000;

    private static final int METADATA = 0x1A;
    private static final int TYPE = 0x08;
    private static final int FAMILY = 0x12;
    private static final int HELP = 0x22;
    private static final int UNIT = 0x2A;

    private MetadataEncoder() {}

    static List<Block> encode(Collection<MetricMetadata> families, long nowNanos) {
        Compressor compressor = new Compressor();
        List<Block> blocks = new ArrayList<>();
        WireBuffer wire = new WireBuffer();
        int entries = 0;
        for (MetricMetadata family : families) {
            if (entries == MAX_ENTRIES) {
                blocks.add(block(compressor, wire, nowNanos));
                wire.length = 0;
                entries = 0;
            }
            WireBuffer entry = new WireBuffer();
            int type = number(family.type());
            if (type != 0) {
                entry.put(TYPE);
                entry.varint(type);
            }
            putText(FAMILY, family.family(), entry);
            putText(HELP, family.help(), entry);
            putText(UNIT, family.unit(), entry);
            wire.put(METADATA);
            wire.varint(entry.length);
            wire.put(entry.bytes, 0, entry.length);
            entries++;
        }
        if (entries > 0) {
            blocks.add(block(compressor, wire, nowNanos));
        }
        return blocks;
    }

    @SuppressWarnings("EnumOrdinal") // MetricType promises this order.
    static int number(MetricType type) {
        return type.ordinal();
    }

    private static void putText(int tag, String text, WireBuffer out) {
        if (!text.isEmpty()) {
            byte[] utf8 = text.getBytes(UTF_8);
            out.put(tag);
            out.varint(utf8.length);
            out.put(utf8, 0, utf8.length);
        }
    }

    private static Block block(Compressor compressor, WireBuffer wire, long nowNanos) {
        return new Block(
                WriteProtocol.V1,
                Body.of(compressor.compress(wire.bytes, wire.length)),
                0,
                0,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                nowNanos);
    }
}
