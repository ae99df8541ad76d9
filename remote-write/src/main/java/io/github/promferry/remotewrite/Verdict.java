package io.github.promferry.remotewrite;

/** What a response means, by the tables of the Remote Write specifications. A pure function. */
enum Verdict {
    /** The receiver has the block, or what its {@code …-Written} headers say of it. */
    DELIVERED,
    /** The receiver does not know the message, or shows that it did not look at it: nothing was written. */
    UNSUPPORTED,
    /** The same, perhaps: receivers of before 2.0 may answer 400 to what they cannot decode. */
    PERHAPS_UNSUPPORTED,
    /** Two halves may be accepted where the whole was not. */
    TOO_LARGE,
    /** Other credentials may be accepted. */
    UNAUTHORIZED,
    /** For the {@link RetryPolicy} to decide. */
    FAILED;

    /**
     * Judges a response.
     *
     * @param sent the message that was sent
     * @param status the response's status
     * @param confirmed whether the response has any {@code X-Prometheus-Remote-Write-…-Written} header
     */
    static Verdict of(WriteProtocol sent, int status, boolean confirmed) {
        boolean v2 = sent == WriteProtocol.V2;
        if (status >= 200 && status < 300) {
            // 2.0, "Written response headers": a 1.0 receiver may have taken the message for an empty one of its own.
            return v2 && !confirmed ? UNSUPPORTED : DELIVERED;
        }
        return switch (status) {
            case 400 -> v2 && !confirmed ? PERHAPS_UNSUPPORTED : FAILED;
            case 401, 403 -> UNAUTHORIZED;
            case 413 -> TOO_LARGE;
            case 415 -> v2 ? UNSUPPORTED : FAILED;
            default -> FAILED;
        };
    }
}
