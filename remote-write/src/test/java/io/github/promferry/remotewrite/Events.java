package io.github.promferry.remotewrite;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** Writes down what a listener hears. */
final class Events implements WriteListener {
    private final List<String> events = new CopyOnWriteArrayList<>();

    List<String> of(String kind) {
        return events.stream().filter(event -> event.startsWith(kind + " ")).toList();
    }

    void await(String kind, int count) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> of(kind).size() >= count);
    }

    @Override
    public void delivered(BlockInfo block) {
        events.add("delivered " + block);
    }

    @Override
    public void retrying(BlockInfo block, WriteFailure failure, Duration delay) {
        events.add("retrying " + block + " " + failure + " " + delay);
    }

    @Override
    public void dropped(BlockInfo block, long samples, String reason, @Nullable WriteFailure failure) {
        events.add("dropped " + samples + " " + reason + " " + block + " " + failure);
    }

    @Override
    public void protocolChanged(WriteProtocol protocol, String reason) {
        events.add("protocolChanged " + protocol + " " + reason);
    }
}
