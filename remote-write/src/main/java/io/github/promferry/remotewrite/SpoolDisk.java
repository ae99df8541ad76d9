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

    /** Opens a file to be written from its beginning, over what may be there; creates it if there is none. */
    Output open(Path file) throws IOException;

    /** A file that is written from one end to the other, or cut back to where it was sound. */
    interface Output extends Closeable {
        /** Writes the first bytes of an array. */
        void write(long offset, byte[] bytes, int length) throws IOException;

        void truncate(long size) throws IOException;

        /** Returns when the bytes are on the medium. */
        void sync() throws IOException;
    }

    /**
     * A {@link RandomAccessFile} and not a channel: an interrupt of the thread that appends, which is the embedding
     * service's, would close a channel.
     */
    class RealOutput implements Output {
        private final RandomAccessFile file;

        RealOutput(Path path) throws IOException {
            file = new RandomAccessFile(path.toFile(), "rw");
        }

        @Override
        public void write(long offset, byte[] bytes, int length) throws IOException {
            file.seek(offset);
            file.write(bytes, 0, length);
        }

        @Override
        public void truncate(long size) throws IOException {
            file.setLength(size);
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
