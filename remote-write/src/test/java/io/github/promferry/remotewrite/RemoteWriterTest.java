package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.http.Credentials;
import io.github.promferry.testkit.StrictReceiver;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RemoteWriterTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    @ParameterizedTest
    @EnumSource(WriteProtocol.class)
    void everySampleArrivesOnce(WriteProtocol protocol) {
        try (StrictReceiver receiver = StrictReceiver.start().requireAuthorization("Basic dXNlcjpwYXNz");
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                        .protocol(protocol)
                        .credentials(Credentials.basic("user", "pass"))
                        .build())) {
            writer.start();
            Batches target = new Batches("a:1", 50);
            for (int scrape = 0; scrape < 100; scrape++) {
                assertThat(writer.append(target.next())).isTrue();
            }
            assertThat(writer.flush(LONG)).isTrue();
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount()).isEqualTo(5000);
            assertThat(receiver.samples(target.full(7))).hasSize(100);
            assertThat(receiver.samples(target.full(7)).get(42).value()).isEqualTo(42_007);
            assertThat(writer.stats().delivered()).isEqualTo(5000);
            assertThat(writer.stats().waiting()).isZero();
        }
    }
}
