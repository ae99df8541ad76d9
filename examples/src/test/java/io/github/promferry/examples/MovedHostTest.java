package io.github.promferry.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.TlsSettings;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.TargetStatus;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A host that means another address by now is noticed though the connection to the old one still works, by scrapes and by
 * Remote Write: over sockets when that connection is too old, by {@code java.net.http}, which {@code https} goes by, with the
 * next request.
 */
class MovedHostTest {
    private static final String HOST = "moving.test";
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    @Test
    void isLookedUpAnew() throws Exception {
        Path keys = folder.resolve("keys");
        Process keytool = jdk(
                "keytool",
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + HOST,
                "-keystore",
                keys.toString(),
                "-storepass",
                "password");
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        Path hosts = folder.resolve("hosts");
        Process child = jdk(
                "java",
                "-XX:TieredStopAtLevel=1",
                "-Djavax.net.ssl.keyStore=" + keys,
                "-Djavax.net.ssl.keyStorePassword=password",
                "-Djdk.net.hosts.file=" + hosts,
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                hosts.toString());
        try (BufferedReader out = child.inputReader(US_ASCII)) {
            // At first, when the host is gone, when the connection is too old, too, and when the host is back.
            assertThat(out.lines())
                    .containsExactly(
                            "scrape: true, true, false, true",
                            "scrape by https: true, false, false, true",
                            "write: true, true, false, true",
                            "write by https: true, false, false, true");
        } finally {
            child.destroyForcibly();
        }
    }

    private static Process jdk(String tool, String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", tool).toString());
        builder.command().addAll(List.of(arguments));
        return builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    /** The process with a file of hosts of its own. */
    static final class Child {
        private static final String WITH_HOST = "127.0.0.1 localhost\n127.0.0.1 " + HOST + "\n";

        private final Path hosts;
        private final ManualClock clock = new ManualClock();
        private final HttpSettings http;
        private final URI url;

        private Child(Path hosts, String scheme, ScriptedTarget server) {
            this.hosts = hosts;
            url = URI.create(scheme + "://" + HOST + ":" + server.port() + "/metrics");
            http = HttpSettings.builder()
                    .maxConnectionAge(Duration.ofMinutes(3))
                    .tls(TlsSettings.builder().insecureSkipVerify(true).build())
                    .build();
        }

        public static void main(String[] args) throws Exception {
            Security.setProperty("networkaddress.cache.ttl", "0");
            Security.setProperty("networkaddress.cache.negative.ttl", "0");
            Path hosts = Files.writeString(Path.of(args[0]), WITH_HOST);
            ScriptedAnswer page = ScriptedAnswer.page("a 1\n");
            try (ScriptedTarget plain = ScriptedTarget.start(page);
                    ScriptedTarget secure = ScriptedTarget.start(page, SSLContext.getDefault())) {
                Child http = new Child(hosts, "http", plain);
                Child https = new Child(hosts, "https", secure);
                http.scrape("scrape");
                https.scrape("scrape by https");
                http.write("write");
                https.write("write by https");
            }
        }

        private void scrape(String name) throws IOException {
            try (Scraper scraper = Scraper.builder()
                    .sink(batch -> true)
                    .clock(clock)
                    .job(ScrapeJob.builder("moving")
                            .scheme(url.getScheme())
                            .target(url.getRawAuthority())
                            .interval(Duration.ofHours(1))
                            .timeout(LONG)
                            .http(http)
                            .build())
                    .build()) {
                scraper.start();
                tell(name, () -> {
                    scraper.scrapeNow(LONG);
                    return scraper.status().get(0).health() == TargetStatus.Health.UP;
                });
            }
        }

        private void write(String name) throws IOException {
            try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(url)
                    .http(http)
                    .clock(clock)
                    .retry(failure -> null)
                    .build())) {
                writer.start();
                SampleBatch batch = new SampleBatch();
                Series series = Series.of(Labels.of("__name__", "a"), MetricMetadata.NONE);
                tell(name, () -> {
                    batch.reset(Labels.EMPTY);
                    batch.add(series, clock.wallMillis(), 0);
                    return writer.append(batch) && writer.flush(LONG).delivered() == 1;
                });
            }
        }

        @SuppressWarnings("SystemOut") // The test reads it.
        private void tell(String name, BooleanSupplier works) throws IOException {
            boolean first = works.getAsBoolean();
            Files.writeString(hosts, "127.0.0.1 localhost\n");
            clock.advance(Duration.ofMinutes(2));
            boolean kept = works.getAsBoolean();
            clock.advance(Duration.ofMinutes(2));
            boolean anew = works.getAsBoolean();
            Files.writeString(hosts, WITH_HOST);
            System.out.println(name + ": " + first + ", " + kept + ", " + anew + ", " + works.getAsBoolean());
        }
    }
}
