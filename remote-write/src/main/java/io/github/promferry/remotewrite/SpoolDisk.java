package io.github.promferry.remotewrite;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/** Where a spool writes its segments; tests supply disks that are full or broken. */
@FunctionalInterface
interface SpoolDisk {
    /** The file system. */
    SpoolDisk REAL = RealOutput::new;

    /** Creates an empty file. */
    Output create(Path file) throws IOException;

    /** A file that only grows, or is cut back to where it was sound. */
    interface Output extends Closeable {
        void write(byte[] bytes, int from, int length) throws IOException;

        void truncate(long size) throws IOException;

        /** Returns when the bytes are on the medium. */
        void sync() throws IOException;
    }

    /**
     * A {@link RandomAccessFile} and not a channel: an interrupt of the thread that appends, which is the embedding
     * service's, would close a channel.
     */
    final class RealOutput implements Output {
        private final RandomAccessFile file;

        RealOutput(Path path) throws IOException {
            file = new RandomAccessFile(path.toFile(), "rw");
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            file.write(bytes, from, length);
        }

        @Override
        public void truncate(long size) throws IOException {
            file.setLength(size);
            file.seek(size);
        }

        @Override
        public void sync() throws IOException {
            file.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
