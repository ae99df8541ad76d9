package io.github.promferry.remotewrite;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How far a log has been decided about, on disk. Two slots are written in turn, each with a checksum: a torn or damaged
 * one leaves the one before it, which costs one block sent twice. Thread-safe.
 */
final class SpoolAck implements Closeable {
    private static final int SLOT_BYTES = 32;
    private static final long MAGIC = 0x506641636b000001L; // "PfAck", format 1

    private final Path file;
    private final ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
    private final CRC32C crc = new CRC32C();
    private @Nullable RandomAccessFile out;
    private long turn;
    private boolean unsynced;

    SpoolAck(Path file) {
        this.file = file;
    }

    /** The last position written, or 0 if there is none that is sound. */
    synchronized long load() throws IOException {
        long position = 0;
        turn = 0;
        if (!file.toFile().exists()) {
            return 0;
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            for (int index = 0; index < 2 && in.length() >= (index + 1L) * SLOT_BYTES; index++) {
                in.seek((long) index * SLOT_BYTES);
                in.readFully(slot.array());
                if (slot.getLong(0) == MAGIC && slot.getLong(24) == checksum() && slot.getLong(8) > turn) {
                    turn = slot.getLong(8);
                    position = slot.getLong(16);
                }
            }
        }
        return position;
    }

    synchronized void store(long newPosition) throws IOException {
        RandomAccessFile target = out;
        if (target == null) {
            target = new RandomAccessFile(file.toFile(), "rw");
            out = target;
        }
        turn++;
        slot.putLong(0, MAGIC).putLong(8, turn).putLong(16, newPosition);
        slot.putLong(24, checksum());
        target.seek((turn & 1) * SLOT_BYTES);
        target.write(slot.array());
        unsynced = true;
    }

    /** Makes the position outlive a loss of power. {@link #store} does not wait for it. */
    void sync() throws IOException {
        RandomAccessFile target;
        synchronized (this) {
            target = unsynced ? out : null;
            unsynced = false;
        }
        if (target != null) {
            target.getFD().sync();
        }
    }

    @Override
    public synchronized void close() throws IOException {
        RandomAccessFile target = out;
        out = null;
        if (target != null) {
            target.close();
        }
    }

    private long checksum() {
        crc.reset();
        crc.update(slot.array(), 0, 24);
        return crc.getValue();
    }
}
