package io.github.promferry.remotewrite;

import java.io.IOException;
import java.nio.file.Path;

/** A disk on which nothing can be opened or written when a test says so. Thread-safe. */
final class FailingDisk implements SpoolDisk {
    private volatile boolean fails;

    void fail(boolean now) {
        fails = now;
    }

    boolean fails() {
        return fails;
    }

    private void check() throws IOException {
        if (fails) {
            throw new IOException("No space left on device");
        }
    }

    @Override
    public Output open(Path file) throws IOException {
        check();
        return new RealOutput(file) {
            @Override
            public void write(long offset, byte[] bytes, int length) throws IOException {
                check();
                super.write(offset, bytes, length);
            }
        };
    }
}
