package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where the samples of some targets come together: holds the open request, decides when it is full, and hands it to its
 * lane of the queue. Thread-safe; one lock guards the encoder and all that is below it. The queue's lock may be taken while
 * this one is held, not the other way round.
 */
final class Shard {
    /** What became of a batch. */
    enum Answer {
        TAKEN,
        REFUSED,
        /** Its target belongs to a shard of a later layout, which is to be asked. */
        MOVED
    }

    private enum State {
        OPEN,
        CLOSED,
        RETIRED
    }

    private static final Logger LOGGER = System.getLogger(RemoteWriter.class.getName());

    private final RemoteWriteConfig config;
    private final Clock clock;
    private final BatchPolicy policy;
    private final BlockQueue queue;
    private final ProtocolChoice protocol;
    private final Consumer<List<BlockQueue.Dropped>> onOverflow;
    private final Lane lane;

    /** Keeps the open request on disk as well, if there is a spool. */
    private final @Nullable Journal journal;

    private final ReentrantLock lock = new ReentrantLock();
    private BlockEncoder encoder;
    private long openSinceNanos;
    private State state = State.OPEN;

    /** What a full queue gave up for requests sealed under the lock; told when it is released. */
    private List<BlockQueue.Dropped> victims = new ArrayList<>();

    Shard(
            RemoteWriteConfig config,
            BlockQueue queue,
            ProtocolChoice protocol,
            ShardSlice slice,
            @Nullable SpoolLog log,
            Consumer<List<BlockQueue.Dropped>> onOverflow) {
        this.config = config;
        this.queue = queue;
        this.protocol = protocol;
        this.onOverflow = onOverflow;
        clock = config.clock();
        policy = config.batch();
        lane = queue.addLane(slice, this::seal, log);
        journal = log == null ? null : new Journal(log, queue, lane);
        encoder = newEncoder(protocol.forNewBlock());
    }

    Lane lane() {
        return lane;
    }

    private BlockEncoder newEncoder(WriteProtocol wanted) {
        return wanted == WriteProtocol.V1
                ? new V1Encoder(config.externalLabels(), config.writeRelabel())
                : new V2Encoder(config.externalLabels(), config.writeRelabel(), config.sendMetadata());
    }

    Answer append(SampleBatch batch) {
        if (!queue.hasRoom()) {
            queue.refuse(batch.size());
            return Answer.REFUSED;
        }
        lock.lock();
        try {
            if (state == State.RETIRED) {
                return Answer.MOVED;
            }
            if (state == State.CLOSED) {
                queue.refuse(batch.size());
                return Answer.REFUSED;
            }
            queue.accept(batch.size());
            encodeAll(batch);
        } finally {
            unlock();
        }
        return Answer.TAKEN;
    }

    private void encodeAll(SampleBatch batch) {
        int row = 0;
        try {
            while (row < batch.size()) {
                row = encodeSome(batch, row);
            }
        } catch (RuntimeException | Error e) {
            // The ledger must add up even when memory runs out; what was encoded before stays.
            encoder.rollback();
            sealOpen();
            queue.dropRows("failed", batch.size() - row);
            throw e;
        }
        if (encoder.samples > 0) {
            lingerOrSeal();
        }
        if (journal != null) {
            journal.write(encoder);
        }
    }

    /** Encodes as many rows as fit, or none and makes room; returns the next row. */
    private int encodeSome(SampleBatch batch, int row) {
        int maxSamples = policy.maxSamples();
        int left = batch.size() - row;
        if (encoder.samples == 0) {
            openRequest();
        }
        encoder.mark();
        int room = maxSamples - encoder.samples;
        if (room <= 0 || (left > room && left <= maxSamples && encoder.samples > 0)) {
            sealOpen();
            return row;
        }
        boolean wasEmpty = encoder.samples == 0;
        int wanted = row + Math.min(left, room);
        int reached = encoder.encode(batch, row, wanted, policy.maxBytes(), config.sendExemplars(), clock);
        if (reached < wanted && !wasEmpty) {
            // Too many bytes together with what was there before; in a request of their own they may fit.
            encoder.rollback();
            sealOpen();
            return row;
        }
        countDroppedRows();
        if (reached < wanted || encoder.samples >= maxSamples) {
            sealOpen();
        }
        return reached;
    }

    private void openRequest() {
        WriteProtocol wanted = protocol.forNewBlock();
        if (encoder.protocol() != wanted) {
            encoder = newEncoder(wanted);
        }
        openSinceNanos = clock.nanos();
    }

    private void lingerOrSeal() {
        Duration linger;
        try {
            linger = policy.linger(encoder.samples, encoder.size());
        } catch (RuntimeException e) {
            LOGGER.log(Level.WARNING, "the batch policy failed, the request is sent now", e);
            linger = Duration.ZERO;
        }
        if (linger.isZero() || linger.isNegative()) {
            sealOpen();
        } else {
            queue.linger(lane, openSinceNanos + TimeUnit.NANOSECONDS.convert(linger));
        }
    }

    private void countDroppedRows() {
        if (!encoder.droppedRows.isEmpty()) {
            for (Map.Entry<String, Long> reason : encoder.droppedRows.entrySet()) {
                queue.dropRows(reason.getKey(), reason.getValue());
            }
            encoder.droppedRows.clear();
        }
    }

    /** Finishes the open request, if it holds anything. */
    void seal() {
        lock.lock();
        try {
            sealOpen();
        } finally {
            unlock();
        }
    }

    /** Refuses further batches and finishes the open request. */
    void close() {
        lock.lock();
        try {
            state = State.CLOSED;
            sealOpen();
        } finally {
            unlock();
        }
    }

    /** Finishes the open request, the last one: further batches belong to another shard. */
    void retire() {
        lock.lock();
        try {
            state = State.RETIRED;
            sealOpen();
            queue.retire(lane);
        } finally {
            unlock();
        }
    }

    /** How many targets it has had lately. */
    int targets() {
        lock.lock();
        try {
            return encoder.targets();
        } finally {
            lock.unlock();
        }
    }

    private void sealOpen() {
        if (encoder.samples > 0) {
            Block block = journal == null
                    ? encoder.seal(clock.nanos(), queue.bodies())
                    : journal.seal(encoder, clock.nanos());
            victims.addAll(queue.push(lane, block));
        }
    }

    /** Listeners are called without the lock. */
    private void unlock() {
        List<BlockQueue.Dropped> gone = victims;
        if (!gone.isEmpty()) {
            victims = new ArrayList<>();
        }
        lock.unlock();
        if (!gone.isEmpty()) {
            onOverflow.accept(gone);
        }
    }

    /** Adds the metadata of all series known here, one entry for each family. */
    void collectMetadata(Map<String, MetricMetadata> into) {
        lock.lock();
        try {
            for (Series series : encoder.knownSeries()) {
                MetricMetadata metadata = series.metadata();
                if (!metadata.family().isEmpty()) {
                    into.putIfAbsent(metadata.family(), metadata);
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
