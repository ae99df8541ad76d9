package io.github.promferry.testkit;

import java.util.List;

/**
 * A request that reached the receiver, whatever became of it.
 *
 * @param request the request without its body
 * @param bodyBytes size of the compressed body
 * @param bodyDigest SHA-256 of the compressed body in hex, so that repeats are seen; empty if the body was not read
 * @param sampleCount samples in the request, 0 if it did not decode
 * @param outcome what the receiver did
 * @param status the status it answered, 0 if it broke the connection instead
 * @param violations rules that this request broke
 */
public record WriteAttempt(
        RecordedRequest request,
        int bodyBytes,
        String bodyDigest,
        int sampleCount,
        Outcome outcome,
        int status,
        List<String> violations) {
    /** What the receiver did with a request. */
    public enum Outcome {
        /** Its samples are stored now. */
        STORED,
        /** Its samples were stored before; an equal request had come, whose answer may have been lost. */
        REPEATED,
        /** Nothing was stored. */
        REFUSED
    }

    /**
     * The number in the header {@code Retry-Attempt}.
     *
     * @return 0 if there is none
     */
    public int retryAttempt() {
        String value = request.header("Retry-Attempt");
        return value == null ? 0 : Integer.parseInt(value);
    }
}
