package io.github.promferry.remotewrite;

import io.github.promferry.SampleBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The shards of a writer, each with its part of the targets, and how their number changes: new shards take over from one
 * moment to the next, and {@link Lane}s see to it that older samples of a target are sent first. Thread-safe.
 */
final class Shards {
    private final RemoteWriteConfig config;
    private final BlockQueue queue;
    private final ProtocolChoice protocol;
    private final Reporter reporter;
    private final @Nullable Spool spool;

    /** Hears what a log gives up, and of which lane. */
    interface LossListener {
        void lost(Lane lane, SpoolLog.Lost lost);
    }

    private final LossListener onLoss;

    /** Held while the layout changes, and by those who want all open requests to be finished. */
    private final Object changing = new Object();

    private volatile List<Shard> layout;

    Shards(
            RemoteWriteConfig config,
            BlockQueue queue,
            ProtocolChoice protocol,
            Reporter reporter,
            @Nullable Spool spool,
            LossListener onLoss) {
        this.config = config;
        this.queue = queue;
        this.protocol = protocol;
        this.reporter = reporter;
        this.spool = spool;
        this.onLoss = onLoss;
        if (spool == null) {
            layout = newLayout(config.queue().minShards(), null);
            return;
        }
        for (List<SpoolLog> generation : spool.backlog()) {
            queue.beginLayout();
            for (SpoolLog log : generation) {
                Lane lane = queue.addLane(log.slice(), () -> {}, log);
                listen(lane, log);
                queue.retire(lane);
            }
        }
        layout = newLayout(spool.logs().size(), spool.logs());
    }

    private List<Shard> newLayout(int count, @Nullable List<SpoolLog> logs) {
        queue.beginLayout();
        List<Shard> shards = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SpoolLog log = logs == null ? null : logs.get(i);
            Shard shard = new Shard(config, queue, protocol, new ShardSlice(i, count), log, this::reportOverflow);
            listen(shard.lane(), log);
            shards.add(shard);
        }
        return List.copyOf(shards);
    }

    private void listen(Lane lane, @Nullable SpoolLog log) {
        if (log != null) {
            log.onLoss(lost -> onLoss.lost(lane, lost));
        }
    }

    private void reportOverflow(List<BlockQueue.Dropped> victims) {
        victims.forEach(one -> reporter.dropped(one.lane(), one.block(), one.block().samples, "queue_full", null));
    }

    /** The shards of now, which is an immutable list. */
    List<Shard> all() {
        return layout;
    }

    boolean append(SampleBatch batch) {
        while (true) {
            List<Shard> shards = layout;
            Shard shard = shards.get(ShardSlice.indexOf(batch.commonLabels(), shards.size()));
            Shard.Answer answer = shard.append(batch);
            if (answer != Shard.Answer.MOVED) {
                return answer == Shard.Answer.TAKEN;
            }
        }
    }

    /** Finishes all open requests. */
    void seal() {
        synchronized (changing) {
            layout.forEach(Shard::seal);
        }
    }

    /** Refuses further batches. */
    void close() {
        synchronized (changing) {
            layout.forEach(Shard::close);
        }
    }

    /** How many targets have sent lately, or fewer if that is not known yet. */
    int targets() {
        return layout.stream().mapToInt(Shard::targets).sum();
    }

    /**
     * Lets others take the place of the shards.
     *
     * @return the lanes of the new ones
     * @throws IOException if the spool cannot make room for them; then everything is as before
     */
    List<Lane> resize(int count) throws IOException {
        synchronized (changing) {
            List<SpoolLog> logs = spool == null ? null : spool.beginGeneration(count);
            List<Shard> before = layout;
            // Who asks from here on gets a new shard. Its lane waits for the old ones, which may still be appended to.
            layout = newLayout(count, logs);
            before.forEach(Shard::retire);
            return layout.stream().map(Shard::lane).toList();
        }
    }
}
