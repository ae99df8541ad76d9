package io.github.promferry;

/**
 * What {@linkplain SampleSink#flush flushing} a sink came to. The counts are of samples and tell what happened between the
 * call and its return, whoever appended them and when: what waited from before counts as delivered, too, and so does what
 * another thread has appended meanwhile.
 *
 * @param complete whether everything appended before the call is decided: delivered, or dropped and counted
 * @param delivered how many have been delivered during the call
 * @param dropped how many have been given up during the call
 * @param waiting how many the sink still had when the call returned; those that another thread appended meanwhile may be
 *     among them even if the result is complete
 * @since 0.1
 */
public record FlushResult(boolean complete, long delivered, long dropped, long waiting) {
    /** Of a sink that keeps nothing. */
    public static final FlushResult NOTHING_KEPT = new FlushResult(true, 0, 0, 0);
}
