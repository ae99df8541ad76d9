package io.github.promferry;

/**
 * The two times, injected so that tests need not sleep. Implementations are thread-safe.
 *
 * @since 0.1
 */
public interface Clock {
    /** The system's clocks. */
    Clock SYSTEM = new Clock() {
        @Override
        public long wallMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public long nanos() {
            return System.nanoTime();
        }
    };

    /**
     * Milliseconds since the Unix epoch. For sample timestamps and what people read; it may jump, so never subtract two
     * of them to get a duration.
     *
     * @return the wall clock
     */
    long wallMillis();

    /**
     * Nanoseconds since an arbitrary origin, never going backwards. For durations and deadlines only.
     *
     * @return the monotonic clock
     */
    long nanos();
}
