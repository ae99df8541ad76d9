package io.github.promferry.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.FlushResult;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FanOutTest {
    private final List<String> taken = new ArrayList<>();
    private final SampleBatch batch = new SampleBatch();

    FanOutTest() {
        batch.add(Series.of(Labels.of("__name__", "up"), MetricMetadata.NONE), 1, 0);
    }

    @Test
    void aSinkThatRefusesKeepsTheBatchFromNoOther() {
        FanOut all = new FanOut(List.of(refusing("a"), taking("b"), refusing("c"), taking("d")));

        assertThat(all.append(batch)).isTrue();
        assertThat(taken).containsExactly("a", "b", "c", "d");
    }

    @Test
    void aSinkThatThrowsKeepsTheBatchFromNoOther() {
        SampleSink broken = samples -> {
            throw new IllegalStateException("broken");
        };
        FanOut all = new FanOut(List.of(broken, taking("b")));

        assertThat(all.append(batch)).isTrue();
        assertThat(taken).containsExactly("b");
    }

    @Test
    void anEndpointThatHangsOrIsGoneSlowsNoOther() {
        try (StrictReceiver hanging = StrictReceiver.start().answer(ScriptedAnswer.hang());
                StrictReceiver gone = StrictReceiver.start();
                StrictReceiver sound = StrictReceiver.start()) {
            gone.stop();
            List<RemoteWriter> writers = Stream.of(hanging, gone, sound)
                    .map(receiver -> RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                            .batch(BatchPolicy.of(10, 1_000_000, Duration.ZERO))
                            .build()))
                    .toList();
            writers.forEach(RemoteWriter::start);
            FanOut all = new FanOut(writers);
            for (int scrape = 1; scrape <= 200; scrape++) {
                SampleBatch next = new SampleBatch();
                next.add(Series.of(Labels.of("__name__", "up"), MetricMetadata.NONE), scrape, 0);
                assertThat(all.append(next)).isTrue();
            }
            assertThat(writers.get(2).flush(Duration.ofSeconds(20)).complete()).isTrue();
            assertThat(sound.sampleCount()).isEqualTo(200);
            assertThat(sound.violations()).isEmpty();
            for (RemoteWriter slow : writers.subList(0, 2)) {
                assertThat(slow.stats().waiting()).isEqualTo(200);
                assertThat(slow.stats().dropped()).isEmpty();
            }
            writers.forEach(writer -> writer.close(Duration.ZERO));
        }
    }

    @Test
    void theBatchIsRefusedIfNobodyTakesIt() {
        assertThat(new FanOut(List.of(refusing("a"), refusing("b"))).append(batch))
                .isFalse();
    }

    @Test
    void aSingleSinkNeedsNoFanOut() {
        SampleSink only = taking("a");

        assertThat(FanOut.of(List.of(only))).isSameAs(only);
        assertThat(FanOut.of(List.of(only, taking("b")))).isInstanceOf(FanOut.class);
    }

    @Test
    void itMayBlockIfOneOfThemMay() {
        SampleSink quick = EngineMonitor.builder().build();

        assertThat(new FanOut(List.of(quick, quick)).mayBlock()).isFalse();
        assertThat(new FanOut(List.of(quick, taking("b"))).mayBlock()).isTrue();
    }

    @Test
    void flushWaitsForAllAndAddsUp() {
        FlushResult done = new FlushResult(true, 1, 20, 300);

        assertThat(new FanOut(List.of(flushing(done), flushing(new FlushResult(false, 4, 0, 5)), flushing(done)))
                        .flush(Duration.ofSeconds(1)))
                .isEqualTo(new FlushResult(false, 6, 40, 605));
        assertThat(taken).containsExactly("flushed", "flushed", "flushed");
        assertThat(new FanOut(List.of(flushing(done), flushing(done))).flush(Duration.ofSeconds(1)))
                .isEqualTo(new FlushResult(true, 2, 40, 600));
    }

    private SampleSink taking(String name) {
        return samples -> taken.add(name);
    }

    private SampleSink refusing(String name) {
        return samples -> {
            taken.add(name);
            return false;
        };
    }

    private SampleSink flushing(FlushResult result) {
        return new SampleSink() {
            @Override
            public boolean append(SampleBatch samples) {
                return true;
            }

            @Override
            public FlushResult flush(Duration timeout) {
                taken.add("flushed");
                return result;
            }
        };
    }
}
