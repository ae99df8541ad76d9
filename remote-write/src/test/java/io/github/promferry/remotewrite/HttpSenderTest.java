package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HttpSenderTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final Batches target = new Batches("a:1", 10);

    @Test
    void plainReceiversAreAskedThroughTheProxy() {
        URI receiver = URI.create("http://receiver.invalid/api/v1/write");
        try (ScriptedTarget proxy = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            RemoteWriteConfig config = RemoteWriteConfig.builder(receiver)
                    .http(HttpSettings.builder()
                            .proxy(URI.create("http://" + proxy.hostPort()))
                            .build())
                    .build();
            assertThat(deliver(config, 1)).isTrue();
            assertThat(proxy.requests().get(0).target()).isEqualTo(receiver.toString());
        }
    }

    @Test
    void oneConnectionServesOneRequestAfterTheOther() {
        try (ScriptedTarget receiver = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            assertThat(deliver(RemoteWriteConfig.builder(receiver.uri()).build(), 5))
                    .isTrue();
            assertThat(receiver.requests()).hasSizeGreaterThanOrEqualTo(5);
            assertThat(receiver.connectionCount()).isEqualTo(1);
        }
    }

    private boolean deliver(RemoteWriteConfig config, int requests) {
        try (RemoteWriter writer = RemoteWriter.create(config)) {
            writer.start();
            boolean all = true;
            for (int i = 0; i < requests; i++) {
                writer.append(target.next());
                all &= writer.flush(LONG);
            }
            return all;
        }
    }
}
