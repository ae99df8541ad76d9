package io.github.promferry.remotewrite;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyError;

/**
 * Snappy block compression into an array that is used again. Takes the native library, or {@link PureSnappy} where it
 * cannot be loaded, which is said once. Nothing of snappy-java is touched before something is compressed: loading it
 * unpacks a library into the temporary folder.
 */
final class Compressor {
    private static final Logger LOGGER = System.getLogger(RemoteWriter.class.getName());
    private static final byte[] NONE = {};

    /** Set once, by whichever compressor first meets the failure. */
    private static volatile boolean pureJava;

    private byte[] scratch = NONE;

    /** Returns the compressed bytes in an array of exactly their size. */
    byte[] compress(byte[] in, int length) {
        int compressed = compressInto(in, 0, length);
        return Arrays.copyOf(scratch, compressed);
    }

    /**
     * Appends the compressed bytes without their leading length. Such pieces can be joined: what follows a length is a row
     * of instructions that never reach back further than the piece they are in.
     */
    void compressPiece(byte[] in, int from, int to, WireBuffer out) {
        int length = compressInto(in, from, to - from);
        out.put(scratch, WireBuffer.varintLength(to - from), length);
    }

    private int compressInto(byte[] in, int from, int length) {
        int bound = PureSnappy.maxCompressedLength(length);
        if (scratch.length < bound) {
            // A quarter more, so that blocks of slightly different sizes do not each make a new array.
            scratch = new byte[bound + bound / 4];
        }
        if (!pureJava) {
            try {
                return Snappy.compress(in, from, length, scratch, 0);
            } catch (IOException e) {
                throw new IllegalStateException("snappy cannot compress " + length + " bytes", e);
            } catch (LinkageError | SnappyError e) {
                fallBack(e);
            }
        }
        return PureSnappy.compress(in, from, from + length, scratch, 0);
    }

    static byte[] uncompress(byte[] in) {
        return PureSnappy.uncompress(in);
    }

    private static synchronized void fallBack(Throwable cause) {
        if (pureJava) {
            return;
        }
        pureJava = true;
        LOGGER.log(
                Level.WARNING,
                "the native Snappy library cannot be loaded, compressing in Java from now on, which is slower."
                        + " Often the temporary folder is mounted noexec: name another by -Dorg.xerial.snappy.tempdir. "
                        + cause);
    }
}
