package io.github.promferry.remotewrite;

/**
 * A finished request, without its body.
 *
 * @param writer the name of the writer
 * @param shard the shard, from 0
 * @param protocol {@code V1} or {@code V2}
 * @param samples how many samples it holds, native histograms included
 * @param exemplars how many exemplars it holds
 * @param bytes the size of the body, compressed
 * @param minTimestampMillis the timestamp of the oldest sample
 * @param maxTimestampMillis the timestamp of the newest sample
 * @param attempts how often it has been sent
 * @since 0.1
 */
public record BlockInfo(
        String writer,
        int shard,
        WriteProtocol protocol,
        int samples,
        int exemplars,
        int bytes,
        long minTimestampMillis,
        long maxTimestampMillis,
        int attempts) {}
