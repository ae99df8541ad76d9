package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.github.promferry.Labels;
import io.github.promferry.examples.config.ForwarderConfig.Kind;
import io.github.promferry.examples.config.ForwarderConfig.Source;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.NameEscaping;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.QueueConfig;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.SigV4Signer;
import io.github.promferry.remotewrite.WriteFailure;
import io.github.promferry.remotewrite.WriteProtocol;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Target;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwarderConfigTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("PRW_PASSWORD", "from-environment", "CLUSTER", "east", "INTERVAL", "7s");

    private static final String MINIMAL_COLLECTOR = """
            receivers:
              prometheus:
                config:
                  scrape_configs:
                    - job_name: llm
                      static_configs:
                        - targets: ["127.0.0.1:8000"]
            exporters:
              prometheusremotewrite:
                endpoint: http://127.0.0.1:9090/api/v1/write
            service:
              pipelines:
                metrics:
                  receivers: [prometheus]
                  exporters: [prometheusremotewrite]
            """;

    private static final String MINIMAL_PROMETHEUS = """
            scrape_configs:
              - job_name: llm
                static_configs:
                  - targets: ["127.0.0.1:8000"]
            remote_write:
              - url: http://127.0.0.1:9090/api/v1/write
            """;

    @TempDir
    private Path folder;

    @Test
    void theCollectorConfigurationOfTheReplacedSidecarIsReadWithoutAWarning() throws Exception {
        ForwarderConfig config = ForwarderConfig.read(resource("collector.yaml"), ENVIRONMENT::get, SpoolOptions.NONE);

        assertThat(config.kind()).isEqualTo(Kind.COLLECTOR);
        assertThat(config.warnings()).isEmpty();
        ScrapeJob job = onlyJob(config);
        assertThat(job.name()).isEqualTo("user-vllm");
        assertThat(job.interval()).isEqualTo(Duration.ofSeconds(15));
        assertThat(job.timeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(job.path()).isEqualTo("/metrics");
        assertThat(job.targets()).containsExactly(Target.of("0.0.0.0:9000"));
        assertThat(job.instanceFromHostName()).isTrue();
        RemoteWriteConfig endpoint = onlyEndpoint(config);
        assertThat(config.sources().get(0).endpoints()).containsExactly(endpoint.name());
        assertThat(endpoint.name()).isEqualTo("prometheusremotewrite");
        assertThat(endpoint.url()).isEqualTo(URI.create("http://127.0.0.1:9090/api/v1/write"));
        assertThat(authorization(endpoint)).isEqualTo(basic("USER", "PASSWORD"));
    }

    @Test
    void collectorDefaultsAreThoseOfTheCollector() throws Exception {
        ForwarderConfig config = read(MINIMAL_COLLECTOR
                .replace("receivers: [prometheus]", "receivers: [prometheus]\n      processors: [batch]")
                .replace("exporters:\n  p", "processors:\n  batch:\nexporters:\n  p"));
        RemoteWriteConfig endpoint = onlyEndpoint(config);

        assertBatch(endpoint, 8192, 3_000_000, Duration.ofMillis(200));
        assertThat(endpoint.protocol()).isEqualTo(WriteProtocol.V1);
        assertThat(endpoint.timeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(endpoint.sendExemplars()).isTrue();
        assertThat(endpoint.sendMetadata()).isFalse();
        assertThat(onlyJob(config).interval()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void aPipelineWithoutBatchProcessorSendsAtOnce() throws Exception {
        assertBatch(onlyEndpoint(read(MINIMAL_COLLECTOR)), Integer.MAX_VALUE, 3_000_000, Duration.ZERO);
        assertThat(onlyEndpoint(read(MINIMAL_COLLECTOR)).queue().maxShards()).isEqualTo(5);
        String consumers = "    remote_write_queue: {num_consumers: 2}\n    endpoint:";
        QueueConfig queue = onlyEndpoint(read(MINIMAL_COLLECTOR.replace("    endpoint:", consumers)))
                .queue();
        assertThat(queue.minShards()).isEqualTo(1);
        assertThat(queue.maxShards()).isEqualTo(2);
    }

    @Test
    void everyCollectorSettingArrives() throws Exception {
        ForwarderConfig config = read("""
                receivers:
                  prometheus/engines:
                    report_extra_scrape_metrics: true
                    config:
                      global:
                        scrape_interval: ${INTERVAL}
                        external_labels: {cluster: "${env:CLUSTER}", price: "$$5"}
                      scrape_configs:
                        - job_name: a
                          static_configs: [{targets: ["h:1"]}]
                processors:
                  batch/slow: {timeout: 1.5s, send_batch_size: 100, send_batch_max_size: 200}
                extensions:
                  bearertokenauth: {token: "${PRW_PASSWORD}"}
                exporters:
                  prometheusremotewrite/store:
                    endpoint: https://store/api/v1/write
                    auth: {authenticator: bearertokenauth}
                    headers: {X-Scope-OrgID: tenant}
                    timeout: 7s
                    external_labels: {region: r}
                    protobuf_message: io.prometheus.write.v2.Request
                    max_batch_size_bytes: 50000
                    send_metadata: true
                    target_info: {enabled: false}
                    add_metric_suffixes: false
                    compression: snappy
                    tls: {insecure_skip_verify: false}
                    retry_on_failure: {initial_interval: 1s, max_interval: 3s, max_elapsed_time: 10s}
                service:
                  extensions: [bearertokenauth]
                  pipelines:
                    metrics/engines:
                      receivers: [prometheus/engines]
                      processors: [batch/slow]
                      exporters: [prometheusremotewrite/store]
                """);

        assertThat(config.warnings()).isEmpty();
        Source source = config.sources().get(0);
        assertThat(source.externalLabels()).isEqualTo(Labels.of("cluster", "east", "price", "$5"));
        assertThat(onlyJob(config).interval()).isEqualTo(Duration.ofSeconds(7));
        assertThat(onlyJob(config).timeout()).isEqualTo(Duration.ofSeconds(7));
        assertThat(onlyJob(config).reports()).isEqualTo(ScrapeJob.Reports.EXTRA);
        RemoteWriteConfig endpoint = onlyEndpoint(config);
        assertThat(endpoint.name()).isEqualTo("prometheusremotewrite/store");
        assertThat(authorization(endpoint)).isEqualTo("Bearer from-environment");
        assertThat(endpoint.http().headers()).isEqualTo(Map.of("X-Scope-OrgID", "tenant"));
        assertThat(endpoint.timeout()).isEqualTo(Duration.ofSeconds(7));
        assertThat(endpoint.externalLabels()).isEqualTo(Labels.of("region", "r"));
        assertThat(endpoint.protocol()).isEqualTo(WriteProtocol.V2);
        assertThat(endpoint.sendMetadata()).isTrue();
        assertBatch(endpoint, 100, 50_000, Duration.ofMillis(1500));
        assertThat(endpoint.retry().nextDelay(failure(503, 1, Duration.ZERO)))
                .isBetween(Duration.ofMillis(900), Duration.ofSeconds(1));
        assertThat(endpoint.retry().nextDelay(failure(503, 9, Duration.ofSeconds(9))))
                .isBetween(Duration.ofMillis(2700), Duration.ofSeconds(3));
        assertThat(endpoint.retry().nextDelay(failure(503, 9, Duration.ofSeconds(10))))
                .isNull();
    }

    @Test
    void tlsFilesProxyAndWaysToAuthenticateArrive() throws Exception {
        ForwarderConfig config = read("""
                scrape_configs:
                  - job_name: a
                    scheme: https
                    tls_config: {ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, min_version: TLS13}
                    oauth2:
                      client_id: id
                      client_secret: ${PRW_PASSWORD}
                      token_url: https://login/token
                      scopes: [metrics]
                    static_configs: [{targets: ["h:1"]}]
                remote_write:
                  - url: https://store/write
                    proxy_url: http://proxy:3128
                    tls_config: {insecure_skip_verify: true}
                    sigv4: {region: eu-central-1, access_key: AK, secret_key: "${PRW_PASSWORD}"}
                """);

        assertThat(config.warnings()).isEmpty();
        assertThat(onlyJob(config).http().tls())
                .hasToString("TlsSettings[ca=" + folder.resolve("ca.pem") + ", certificate=" + folder.resolve("c.pem")
                        + ", key=" + folder.resolve("k.pem") + ", min=TLSv1.3]");
        assertThat(onlyJob(config).http().credentials())
                .hasToString("Credentials[OAuth 2.0, client id at https://login/token]");
        RemoteWriteConfig endpoint = onlyEndpoint(config);
        assertThat(endpoint.http().proxy()).hasToString("ProxySettings[http://proxy:3128]");
        assertThat(endpoint.http().tls()).hasToString("TlsSettings[insecureSkipVerify, min=TLSv1.2]");
        assertThat(endpoint.signer()).isInstanceOf(SigV4Signer.class);
        assertThat(Settings.of(config)).noneMatch(line -> line.contains("from-environment"));
    }

    @Test
    void proxiesAreThoseOfTheKeysOrOfTheEnvironmentAsInBothOriginals() throws Exception {
        Map<String, String> environment = Map.of("HTTPS_PROXY", "http://u:s3cret@env:1", "no_proxy", "near");
        URI far = URI.create("https://far/");
        ForwarderConfig config = ForwarderConfig.read(
                Files.writeString(folder.resolve("prometheus.yml"), """
                        scrape_configs:
                          - job_name: a
                            enable_http2: true
                            static_configs: [{targets: ["h:1"]}]
                        remote_write:
                          - url: https://a/write
                            proxy_url: http://u:s3cret@given
                            no_proxy: near,.b
                            proxy_connect_header: {Proxy-Key: [s3cret]}
                          - url: https://b/write
                            proxy_from_environment: true
                          - url: https://c/write
                        """), environment::get, SpoolOptions.NONE);
        assertThat(config.warnings()).isEmpty();
        assertThat(onlyJob(config).http().http2()).isTrue();
        List<HttpSettings> http =
                config.endpoints().stream().map(RemoteWriteConfig::http).toList();
        assertThat(http.get(0).http2()).isFalse();
        assertThat(http.get(0).proxy().proxyFor(far)).isEqualTo(URI.create("http://given:80"));
        assertThat(http.get(0).proxyHeaders(far)).containsOnlyKeys("Proxy-Authorization", "Proxy-Key");
        assertThat(http.get(0).proxy().proxyFor(URI.create("https://a.b/"))).isNull();
        assertThat(http.get(1).proxy().proxyFor(far)).isEqualTo(URI.create("http://env:1"));
        assertThat(http.get(1).proxy().proxyFor(URI.create("https://near/"))).isNull();
        assertThat(http.get(2).proxy()).isNull();
        assertThat(config.endpoints().toString()).doesNotContain("s3cret");

        Path collector = Files.writeString(folder.resolve("collector.yaml"), MINIMAL_COLLECTOR);
        assertThat(onlyEndpoint(ForwarderConfig.read(collector, environment::get, SpoolOptions.NONE))
                        .http()
                        .proxy())
                .hasToString("ProxySettings[http: none, https: http://env:1]");
        assertThat(onlyEndpoint(ForwarderConfig.read(collector, Map.<String, String>of()::get, SpoolOptions.NONE))
                        .http()
                        .proxy())
                .isNull();
        assertThatThrownBy(() -> ForwarderConfig.read(
                        collector, Map.of("HTTP_PROXY", "socks5://u:s3cret@p")::get, SpoolOptions.NONE))
                .hasMessageContaining("environment variable HTTP_PROXY: proxy socks5://p: expected http and a host")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void samplesOfAReceiverGoToTheExportersOfAllItsPipelines() throws Exception {
        ForwarderConfig config = read("""
                receivers:
                  prometheus/a: {config: {scrape_configs: [{job_name: a, static_configs: [{targets: ["h:1"]}]}]}}
                  prometheus/b: {config: {scrape_configs: [{job_name: b, static_configs: [{targets: ["h:2"]}]}]}}
                  prometheus/unused: {config: {scrape_configs: [{job_name: c, static_configs: [{targets: ["h:3"]}]}]}}
                processors: {batch: , batch/big: {send_batch_size: 9000, timeout: 100ms}}
                exporters:
                  prometheusremotewrite/x: {endpoint: "http://x/"}
                  prometheusremotewrite/y: {endpoint: "http://y/"}
                  debug: {}
                service:
                  pipelines:
                    metrics: {receivers: [prometheus/a], processors: [batch], exporters: [prometheusremotewrite/x]}
                    metrics/2:
                      receivers: [prometheus/a, prometheus/b]
                      processors: [batch/big]
                      exporters: [prometheusremotewrite/y, prometheusremotewrite/x, debug]
                """);

        assertThat(config.sources())
                .extracting(Source::name, Source::endpoints)
                .containsExactly(
                        tuple("prometheus/a", List.of("prometheusremotewrite/x", "prometheusremotewrite/y")),
                        tuple("prometheus/b", List.of("prometheusremotewrite/y", "prometheusremotewrite/x")));
        assertBatch(config.endpoints().get(0), 8192, 3_000_000, Duration.ofMillis(100));
        assertBatch(config.endpoints().get(1), 9000, 3_000_000, Duration.ofMillis(100));
        assertThat(config.warnings())
                .extracting(ConfigProblem::toString)
                .containsExactly(
                        "test.yaml:4:3: warning: receivers.prometheus/unused is in no pipeline and therefore not used",
                        "test.yaml:16:18: warning: service.pipelines.metrics/2.exporters: prometheusremotewrite/x is in"
                                + " pipelines that batch differently; the shorter wait and the smaller size hold",
                        "test.yaml:16:69: warning: service.pipelines.metrics/2.exporters[2]: debug has no effect here");
    }

    @Test
    void thePrometheusConfigurationIsReadWithoutAWarning() throws Exception {
        ForwarderConfig config = ForwarderConfig.read(resource("prometheus.yml"), ENVIRONMENT::get, SpoolOptions.NONE);

        assertThat(config.kind()).isEqualTo(Kind.PROMETHEUS);
        assertThat(config.warnings()).isEmpty();
        assertThat(config.sources().get(0).externalLabels()).isEqualTo(Labels.of("cluster", "test"));
        ScrapeJob job = onlyJob(config);
        assertThat(job.name()).isEqualTo("llm");
        assertThat(job.interval()).isEqualTo(Duration.ofSeconds(15));
        assertThat(job.targets()).containsExactly(Target.of("127.0.0.1:9000", Map.of("tier", "chat")));
        assertThat(job.instanceFromHostName()).isFalse();
        RemoteWriteConfig endpoint = onlyEndpoint(config);
        assertThat(endpoint.protocol()).isEqualTo(WriteProtocol.V2);
        assertThat(endpoint.sendExemplars()).isTrue();
        assertThat(endpoint.sendMetadata()).isTrue();
        assertThat(endpoint.http().credentials())
                .hasToString("Credentials[basic, user USER, password from /run/secrets/prw]");
    }

    @Test
    void prometheusDefaultsAreThoseOfPrometheus() throws Exception {
        ForwarderConfig config = read(MINIMAL_PROMETHEUS);
        ScrapeJob job = onlyJob(config);
        RemoteWriteConfig endpoint = onlyEndpoint(config);

        assertThat(job.interval()).isEqualTo(Duration.ofMinutes(1));
        assertThat(job.timeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(job.scheme()).isEqualTo("http");
        assertThat(job.path()).isEqualTo("/metrics");
        assertThat(job.honorLabels()).isFalse();
        assertThat(job.parsing().honorTimestamps()).isTrue();
        assertThat(job.parsing().trackTimestampsStaleness()).isFalse();
        assertThat(job.compression()).isTrue();
        assertThat(job.reports()).isEqualTo(ScrapeJob.Reports.STANDARD);
        assertBatch(endpoint, 2000, BatchPolicy.DEFAULT_MAX_BYTES, Duration.ofSeconds(5));
        assertThat(endpoint.protocol()).isEqualTo(WriteProtocol.V1);
        assertThat(endpoint.timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(endpoint.sendExemplars()).isFalse();
        assertThat(endpoint.sendMetadata()).isTrue();
        assertThat(endpoint.metadataInterval()).isEqualTo(Duration.ofMinutes(1));
        assertThat(endpoint.retry().nextDelay(failure(429, 1, Duration.ZERO))).isNotNull();
    }

    /** What the receiver of the collector does; Prometheus adds them to what lacks them alone. */
    @Test
    void externalLabelsOfACollectorWinAndThoseOfPrometheusDoNot() throws Exception {
        String jobs = """
                global: {external_labels: {cluster: east, zone: z}}
                scrape_configs:
                  - job_name: a
                    metric_relabel_configs: [{action: labeldrop, regex: tmp}]
                    static_configs: [{targets: [h:1], labels: {cluster: own}}]
                """;
        ScrapeJob ofCollector =
                read("""
                receivers:
                  prometheus:
                    config:
                %s
                exporters: {prometheusremotewrite: {endpoint: "http://one/"}}
                service:
                  pipelines:
                    metrics: {receivers: [prometheus], exporters: [prometheusremotewrite]}
                """.formatted(jobs.indent(6))).sources().get(0).jobs().get(0);
        Labels series = Labels.of("__name__", "m", "cluster", "own", "tmp", "x");

        assertThat(ofCollector.metricRelabel().apply(series)).isEqualTo(Labels.of("__name__", "m", "cluster", "east"));
        assertThat(ofCollector.relabel().apply(Labels.of("__address__", "h:1", "cluster", "own")))
                .isEqualTo(Labels.of("__address__", "h:1", "cluster", "east"));
        assertThat(ofCollector.metricRelabel().touches("cluster")).isTrue();
        assertThat(ofCollector.metricRelabel().touches("instance")).isFalse();

        ScrapeJob ofPrometheus = read(jobs + "remote_write: [{url: \"http://one/\"}]\n")
                .sources()
                .get(0)
                .jobs()
                .get(0);
        assertThat(ofPrometheus.relabel()).isNull();
        assertThat(ofPrometheus.metricRelabel().apply(series)).isEqualTo(Labels.of("__name__", "m", "cluster", "own"));
    }

    @Test
    void everyPrometheusSettingArrives() throws Exception {
        Files.writeString(folder.resolve("token"), "from-file\n");
        ForwarderConfig config = read("""
                global:
                  scrape_interval: 30s
                  scrape_timeout: 20s
                  body_size_limit: 2MB
                  sample_limit: 7
                  target_limit: 6
                  label_limit: 8
                  label_name_length_limit: 9
                  label_value_length_limit: 10
                  external_labels: {cluster: $CLUSTER}
                scrape_configs:
                  - job_name: a
                    scrape_interval: 10s
                    static_configs:
                      - targets: [h:1, h:2]
                        labels: {tier: chat}
                      - targets: ["[::1]:3"]
                  - job_name: b
                    scrape_timeout: 5s
                    metrics_path: /m
                    scheme: https
                    params: {match: [x, y]}
                    honor_labels: true
                    honor_timestamps: false
                    track_timestamps_staleness: yes
                    enable_compression: false
                    sample_limit: 70
                    series_limit: 71
                    extra_scrape_metrics: true
                    scrape_protocols: [PrometheusProto, PrometheusText0.0.4]
                    fallback_scrape_protocol: OpenMetricsText1.0.0
                    authorization: {credentials_file: token}
                    follow_redirects: false
                    http_headers: {X-A: {values: [v]}, X-B: {secrets: ["${PRW_PASSWORD}"]}}
                remote_write:
                  - url: http://one/api?x=1
                    name: first
                    remote_timeout: 3s
                    headers: {X-Scope-OrgID: t}
                    basic_auth: {username: u, password: "${PRW_PASSWORD}"}
                    metadata_config: {send: false, send_interval: 5m}
                    queue_config:
                      max_samples_per_send: 500
                      batch_send_deadline: 2s
                      min_shards: 3
                      max_shards: 7
                      min_backoff: 1s
                      max_backoff: 2s
                      retry_on_http_429: false
                      sample_age_limit: 1h
                  - url: http://u:p%40ss@two/
                    protobuf_message: auto
                """);

        assertThat(config.warnings()).isEmpty();
        assertThat(config.sources().get(0).externalLabels()).isEqualTo(Labels.of("cluster", "east"));
        ScrapeJob a = config.sources().get(0).jobs().get(0);
        assertThat(a.interval()).isEqualTo(Duration.ofSeconds(10));
        assertThat(a.timeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(a.limits().bodyBytes()).isEqualTo(2 << 20);
        assertThat(a.limits().samples()).isEqualTo(7);
        assertThat(a.limits().targets()).isEqualTo(6);
        assertThat(a.limits().labels()).isEqualTo(8);
        assertThat(a.limits().labelNameBytes()).isEqualTo(9);
        assertThat(a.limits().labelValueBytes()).isEqualTo(10);
        assertThat(a.targets())
                .containsExactly(
                        Target.of("h:1", Map.of("tier", "chat")),
                        Target.of("h:2", Map.of("tier", "chat")),
                        Target.of("[::1]:3"));
        ScrapeJob b = config.sources().get(0).jobs().get(1);
        assertThat(b.interval()).isEqualTo(Duration.ofSeconds(30));
        assertThat(b.timeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(b.path()).isEqualTo("/m");
        assertThat(b.scheme()).isEqualTo("https");
        assertThat(b.params()).isEqualTo(Map.of("match", List.of("x", "y")));
        assertThat(b.honorLabels()).isTrue();
        assertThat(b.parsing().honorTimestamps()).isFalse();
        assertThat(b.parsing().trackTimestampsStaleness()).isTrue();
        assertThat(b.compression()).isFalse();
        assertThat(b.limits().bodyBytes()).isEqualTo(2 << 20);
        assertThat(b.limits().samples()).isEqualTo(70);
        assertThat(b.limits().series()).isEqualTo(71);
        assertThat(b.limits().future()).isEqualTo(Duration.ofMinutes(10));
        assertThat(b.reports()).isEqualTo(ScrapeJob.Reports.EXTRA);
        assertThat(b.formats()).containsExactly(ExpositionFormat.PROTOBUF, ExpositionFormat.TEXT_0_0_4);
        assertThat(b.fallbackFormat()).isEqualTo(ExpositionFormat.OPENMETRICS_1_0_0);
        assertThat(b.http().credentials().authorization()).isEqualTo("Bearer from-file");
        assertThat(b.http().followRedirects()).isFalse();
        assertThat(b.http().headers()).isEqualTo(Map.of("X-A", "v", "X-B", "from-environment"));
        RemoteWriteConfig first = config.endpoints().get(0);
        assertThat(first.name()).isEqualTo("first");
        assertThat(first.timeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(first.http().headers()).isEqualTo(Map.of("X-Scope-OrgID", "t"));
        assertThat(authorization(first)).isEqualTo(basic("u", "from-environment"));
        assertThat(first.sendMetadata()).isFalse();
        assertThat(first.metadataInterval()).isEqualTo(Duration.ofMinutes(5));
        assertBatch(first, 500, BatchPolicy.DEFAULT_MAX_BYTES, Duration.ofSeconds(2));
        assertThat(first.queue().minShards()).isEqualTo(3);
        assertThat(first.queue().maxShards()).isEqualTo(7);
        assertThat(first.queue().maxAge()).isEqualTo(Duration.ofHours(1));
        assertThat(first.retry().nextDelay(failure(500, 1, Duration.ZERO)))
                .isBetween(Duration.ofMillis(900), Duration.ofSeconds(1));
        assertThat(first.retry().nextDelay(failure(500, 9, Duration.ZERO)))
                .isBetween(Duration.ofMillis(1800), Duration.ofSeconds(2));
        assertThat(first.retry().nextDelay(failure(429, 1, Duration.ZERO))).isNull();
        RemoteWriteConfig second = config.endpoints().get(1);
        assertThat(second.name()).isEqualTo("remote_write[1]");
        assertThat(second.protocol()).isEqualTo(WriteProtocol.AUTO);
        assertThat(second.queue().minShards()).isEqualTo(1);
        assertThat(second.queue().maxShards()).isEqualTo(50);
        assertThat(authorization(second)).isEqualTo(basic("u", "p@ss"));
        assertThat(config.sources().get(0).endpoints()).containsExactly("first", "remote_write[1]");
    }

    @Test
    void relabelRulesOfAJobAreReadInTheWritingOfTheFile() throws Exception {
        ScrapeJob prometheus = onlyJob(read(MINIMAL_PROMETHEUS.replace("- job_name: llm", """
                - job_name: llm
                    relabel_configs: [{source_labels: [__address__], regex: "(.*):.*", target_label: host}]
                    metric_relabel_configs: [{source_labels: [model], regex: "(.*)-.*", target_label: family, replacement: "${1}"}]
                """)));
        ScrapeJob collector = onlyJob(read(MINIMAL_COLLECTOR.replace("- job_name: llm", """
                - job_name: llm
                          metric_relabel_configs: [{source_labels: [model], regex: "(.*)-.*", target_label: family, replacement: "$$1"}]
                """)));

        assertThat(prometheus.relabel().apply(Labels.of("__address__", "h:1")))
                .isEqualTo(Labels.of("__address__", "h:1", "host", "h"));
        for (ScrapeJob job : List.of(prometheus, collector)) {
            assertThat(job.metricRelabel().apply(Labels.of("__name__", "up", "model", "qwen-3")))
                    .isEqualTo(Labels.of("__name__", "up", "model", "qwen-3", "family", "qwen"));
        }
    }

    @Test
    void discoveriesOfAJobAreRead() throws Exception {
        String written = """
                scrape_configs:
                  - job_name: llm
                    file_sd_configs: [{files: ["targets/*.json", /etc/t.yml], refresh_interval: 1m}]
                    http_sd_configs:
                      - url: http://sd:8080/targets?token=t0ken
                        authorization: {credentials: s3cret}
                    dns_sd_configs:
                      - names: [_metrics._tcp.vllm.test]
                      - {names: [vllm.test, sglang.test], type: a, port: 8000}
                      - {names: [vllm.test], type: MX, port: 8000}
                    keep_dropped_targets: 7
                remote_write:
                  - url: http://127.0.0.1:9090/api/v1/write
                """;
        ForwarderConfig config = read(written);

        ScrapeJob job = onlyJob(config);
        assertThat(job.targets()).isEmpty();
        assertThat(job.limits().droppedTargets()).isEqualTo(7);
        assertThat(job.discoveries().stream().map(Object::toString))
                .containsExactly(
                        "files [" + folder.resolve("targets/*.json") + ", /etc/t.yml]",
                        "list of targets at http://sd:8080/targets?...",
                        "DNS SRV [_metrics._tcp.vllm.test]",
                        "DNS A [vllm.test, sglang.test]",
                        "DNS MX [vllm.test]");
        assertThat(Settings.of(config).get(0))
                .startsWith("job llm: targets of files [" + folder)
                .contains(", targets of DNS SRV [_metrics._tcp.vllm.test], ")
                .doesNotContain("s3cret", "t0ken", "no target");
    }

    @Test
    void eachEndpointHasASpoolOfItsOwn() throws Exception {
        SpoolOptions spool = new SpoolOptions(Path.of("/spool"), 5 << 20, Duration.ofHours(1));
        String endpoints = """
                remote_write:
                  - {url: "http://h/a"}
                  - {url: "http://h/b"}
                  - {url: "http://h/a", name: east/1}
                """;
        List<Path> folders = spools(endpoints, spool);

        assertThat(folders)
                .doesNotHaveDuplicates()
                .allMatch(folder -> folder.getParent().equals(Path.of("/spool")));
        assertThat(folders.get(2)).isEqualTo(Path.of("/spool/east%2F1"));
        // Another order of the endpoints must not send the backlog of one to another.
        assertThat(spools("""
                        remote_write:
                          - {url: "http://h/b"}
                          - {url: "http://h/a"}
                        """, spool)).containsExactly(folders.get(1), folders.get(0));
        assertThat(spools(endpoints, SpoolOptions.NONE)).containsOnlyNulls();
    }

    @Test
    void theCommandLineBoundsTheSpool() throws Exception {
        SpoolOptions spool = new SpoolOptions(Path.of("/spool"), 5 << 20, Duration.ofHours(1));
        RemoteWriteConfig endpoint =
                onlyEndpoint(ForwarderConfig.parse("test.yaml", MINIMAL_PROMETHEUS, folder, ENVIRONMENT::get, spool));

        assertThat(endpoint.queue().spoolMaxBytes()).isEqualTo(5 << 20);
        assertThat(endpoint.queue().maxAge()).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void theWalOfTheCollectorIsASpool() throws Exception {
        String yaml = MINIMAL_COLLECTOR.replace("    endpoint:", "    wal: {directory: waiting}\n    endpoint:");

        assertThat(onlyEndpoint(read(yaml)).queue().spool()).isEqualTo(folder.resolve("waiting/prometheusremotewrite"));
    }

    private List<Path> spools(String endpoints, SpoolOptions spool) throws Exception {
        String yaml = "scrape_configs: [{job_name: a, static_configs: [{targets: [\"h:1\"]}]}]\n" + endpoints;
        List<Path> spools = new ArrayList<>();
        ForwarderConfig.parse("test.yaml", yaml, folder, ENVIRONMENT::get, spool)
                .endpoints()
                .forEach(endpoint -> spools.add(endpoint.queue().spool()));
        return spools;
    }

    @Test
    void bucketBoundsAreNormalizedForPrometheusUsersOnly() throws Exception {
        assertThat(onlyJob(read(MINIMAL_PROMETHEUS)).parsing().normalizeBounds())
                .isTrue();
        assertThat(onlyJob(read(MINIMAL_COLLECTOR)).parsing().normalizeBounds()).isFalse();
    }

    @Test
    void nativeHistogramsAreScrapedIfTheJobOrAllSaySo() throws Exception {
        ForwarderConfig config = read("""
                global:
                  scrape_native_histograms: true
                scrape_configs:
                  - job_name: global
                    always_scrape_classic_histograms: true
                    native_histogram_bucket_limit: 100
                    native_histogram_min_bucket_factor: 1.1
                    static_configs: [{targets: ["a:1"]}]
                  - job_name: own
                    scrape_native_histograms: false
                    convert_classic_histograms_to_nhcb: true
                    static_configs: [{targets: ["a:1"]}]
                  - job_name: protocols
                    scrape_protocols: [PrometheusText0.0.4]
                    static_configs: [{targets: ["a:1"]}]
                remote_write:
                  - url: http://receiver/api/v1/write
                """);
        List<ScrapeJob> jobs = config.sources().get(0).jobs();

        assertThat(jobs).extracting(job -> job.parsing().nativeHistograms()).containsExactly(true, false, true);
        assertThat(jobs)
                .extracting(ScrapeJob::formats)
                .containsExactly(
                        ScrapeJob.NATIVE_HISTOGRAM_FORMATS,
                        ScrapeJob.DEFAULT_FORMATS,
                        List.of(ExpositionFormat.TEXT_0_0_4));
        assertThat(jobs.get(0).parsing().classicHistogramsToo()).isTrue();
        assertThat(jobs.get(0).parsing().nativeHistogramBucketLimit()).isEqualTo(100);
        assertThat(jobs.get(0).parsing().nativeHistogramMinBucketFactor()).isEqualTo(1.1);
        assertThat(jobs.get(1).parsing().classicHistogramsToo()).isFalse();
        assertThat(jobs)
                .extracting(job -> job.parsing().classicHistogramsAsNative())
                .containsExactly(false, true, false);
    }

    /** Prometheus: config.go, Validate of a scrape config, where 0 stands for a key that is not there. */
    @ParameterizedTest(name = "{0}: global {1}, job {2}")
    @CsvSource({
        "sample_limit, 7, 0, 7",
        "sample_limit, 7, 9, 9",
        "sample_limit, 0, 9, 9",
        "sample_limit, 0, 0, 0",
        "target_limit, 7, 0, 7",
        "keep_dropped_targets, 7, 0, 7",
        "label_limit, 7, 0, 7",
        "label_name_length_limit, 7, 0, 7",
        "label_value_length_limit, 7, 0, 7",
        "body_size_limit, 7MB, 0, 7340032",
        "body_size_limit, 7MB, 1MB, 1048576",
        "body_size_limit, 0, 0, 2147483647",
    })
    void aLimitOfZeroTakesWhatGlobalSays(String key, String ofAll, String own, int expected) throws Exception {
        assertThat(jobOfBothKinds(key + ": " + ofAll, key + ": " + own))
                .extracting(job -> switch (key) {
                    case "sample_limit" -> job.limits().samples();
                    case "target_limit" -> job.limits().targets();
                    case "keep_dropped_targets" -> job.limits().droppedTargets();
                    case "label_limit" -> job.limits().labels();
                    case "label_name_length_limit" -> job.limits().labelNameBytes();
                    case "label_value_length_limit" -> job.limits().labelValueBytes();
                    default -> job.limits().bodyBytes();
                })
                .containsOnly(expected);
    }

    /** Prometheus: config.go again; whatever global says of escaping holds for jobs without a scheme of their own. */
    @ParameterizedTest(name = "global {0}, {1}, job {2}, {3}")
    @CsvSource({
        "'', '', '', '', false, ALLOW_UTF_8",
        "utf8, dots, '', '', false, DOTS",
        "legacy, '', '', '', true, UNDERSCORES",
        "legacy, '', '', dots, true, DOTS",
        "legacy, '', utf8, '', false, ALLOW_UTF_8",
        "legacy, dots, utf8, '', false, ALLOW_UTF_8",
        "utf8, allow-utf-8, legacy, '', true, UNDERSCORES",
        "utf8, dots, legacy, values, true, VALUES",
        "'', '', legacy, '', true, UNDERSCORES",
    })
    void namesAreThoseThatTheJobOrAllSay(
            String ofAll, String allEscaped, String own, String escaped, boolean legacy, NameEscaping escaping)
            throws Exception {
        assertThat(jobOfBothKinds(names(ofAll, allEscaped), names(own, escaped)))
                .extracting(ScrapeJob::legacyNames, ScrapeJob::nameEscaping)
                .containsOnly(tuple(legacy, escaping));
    }

    private static String names(String validation, String escaping) {
        return "metric_name_validation_scheme: '" + validation + "', metric_name_escaping_scheme: '" + escaping + "'";
    }

    /** Where the name that a rule makes of what it finds is none, the rule has no effect. */
    @ParameterizedTest(name = "global {0}, job {1}")
    @CsvSource({"utf8, '', false", "legacy, '', true", "utf8, legacy, true", "legacy, utf8, false"})
    void relabelRulesMakeTheNamesThatTheJobOrAllSay(String ofAll, String own, boolean legacy) throws Exception {
        String rule = "[{regex: 'x_(.*)', action: labelmap}]";
        Labels before = Labels.of("__name__", "m", "x_a", "1", "x_b.c", "2");
        Labels after = before.withDefaults(legacy ? Labels.of("a", "1") : Labels.of("a", "1", "b.c", "2"));

        for (ScrapeJob job : jobOfBothKinds(
                names(ofAll, ""),
                names(own, "") + ", relabel_configs: " + rule + ", metric_relabel_configs: " + rule)) {
            assertThat(job.relabel().apply(before)).isEqualTo(after);
            assertThat(job.metricRelabel().apply(before)).isEqualTo(after);
        }
    }

    @ParameterizedTest
    @CsvSource({"utf8, false", "legacy, true"})
    void writeRelabelRulesMakeTheNamesThatGlobalSays(String ofAll, boolean legacy) throws Exception {
        RemoteWriteConfig endpoint = onlyEndpoint(read("global: {" + names(ofAll, "") + "}\n" + MINIMAL_PROMETHEUS
                + "    write_relabel_configs: [{source_labels: [x], target_label: 'l_${1}', replacement: y}]\n"));
        Labels before = Labels.of("__name__", "m", "x", "a.b");

        assertThat(endpoint.writeRelabel().apply(before))
                .isEqualTo(legacy ? before : before.withDefaults(Labels.of("l_a.b", "y")));
    }

    @Test
    void writeRelabelRulesKeepTheirDollarSigns() throws Exception {
        RemoteWriteConfig endpoint = onlyEndpoint(read(MINIMAL_PROMETHEUS + """
                    write_relabel_configs:
                      - {source_labels: [__name__], regex: go_.*, action: drop}
                      - {source_labels: [model], regex: "(?P<CLUSTER>[a-z]+)-.*", replacement: "${CLUSTER}-$$", target_label: family}
                      - {target_label: region, replacement: "${env:CLUSTER}"}
                """));
        UnaryOperator<Labels> relabel = endpoint.writeRelabel();

        assertThat(relabel.apply(Labels.of("__name__", "go_threads"))).isNull();
        assertThat(relabel.apply(Labels.of("__name__", "up", "model", "qwen-3")))
                .isEqualTo(Labels.of("__name__", "up", "model", "qwen-3", "family", "qwen-$", "region", "east"));
    }

    @Test
    void theEffectiveSettingsShowNoSecret() throws Exception {
        ForwarderConfig config = read("""
                scrape_configs:
                  - job_name: llm
                    static_configs: [{targets: ["h:1", "h:2", "h:3", "h:4", "h:5"]}]
                    basic_auth: {username: alice, password: s3cret-1}
                    params: {token: [s3cret-2]}
                    http_headers: {X-Key: {secrets: [s3cret-3]}}
                remote_write:
                  - url: http://bob:s3cret-4@store/api/v1/write?key=s3cret-5
                    headers: {X-Tenant: s3cret-6}
                """);

        assertThat(config.describe())
                .containsExactly(
                        "job llm: http://h:1/metrics, http://h:2/metrics, http://h:3/metrics and 2 more every 1m,"
                                + " timeout 10s, basic, user alice, headers X-Key -> remote_write[0]",
                        "endpoint remote_write[0]: http://store/api/v1/write?..., prometheus.WriteRequest, timeout 30s,"
                                + " basic, user bob, headers X-Tenant, a request has at most 2000 samples, 1000000"
                                + " bytes and waits at most 5s");
        assertThat(config.toString()).doesNotContain("s3cret");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        Path missing = folder.resolve("nope.yaml");

        assertThatThrownBy(() -> ForwarderConfig.read(missing, ENVIRONMENT::get, SpoolOptions.NONE))
                .isInstanceOf(ConfigException.class)
                .hasMessage(missing + ":1:1: error: there is no such file");
    }

    @Test
    void aFileThatIsNotTextIsRefused() throws Exception {
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xFF, (byte) 0xFE, 0});

        assertThatThrownBy(() -> ForwarderConfig.read(binary, ENVIRONMENT::get, SpoolOptions.NONE))
                .hasMessage(binary + ":1:1: error: the file is not UTF-8 text");
    }

    @Test
    void anErrorInAnExpandedValueShowsTheReferenceNotTheValue() {
        ConfigException refused = catchThrowableOfType(
                ConfigException.class,
                () -> read(MINIMAL_PROMETHEUS.replace(
                        "job_name: llm", "job_name: llm\n    sample_limit: ${PRW_PASSWORD}")));

        assertThat(refused)
                .hasMessage(
                        "test.yaml:3:19: error: scrape_configs[0].sample_limit: \"${PRW_PASSWORD}\": expected a whole"
                                + " number from 0 to 2147483647");
    }

    private ForwarderConfig read(String yaml) throws ConfigException {
        return ForwarderConfig.parse("test.yaml", yaml, folder, ENVIRONMENT::get, SpoolOptions.NONE);
    }

    /** The job of a Prometheus configuration and that of a collector's with the same keys, as in YAML's braces. */
    private List<ScrapeJob> jobOfBothKinds(String global, String ofJob) throws ConfigException {
        String jobs = "global: {" + global
                + "}, scrape_configs: [{job_name: llm, static_configs: [{targets: ['h:1']}], " + ofJob + "}]";
        return List.of(onlyJob(read("{" + jobs + ", remote_write: [{url: 'http://h/'}]}")), onlyJob(read("""
                        receivers: {prometheus: {config: {%s}}}
                        exporters: {prometheusremotewrite: {endpoint: 'http://h/'}}
                        service: {pipelines: {metrics: {receivers: [prometheus], exporters: [prometheusremotewrite]}}}
                        """.formatted(
                        jobs))));
    }

    private static ScrapeJob onlyJob(ForwarderConfig config) {
        assertThat(config.sources()).hasSize(1);
        assertThat(config.sources().get(0).jobs()).hasSize(1);
        return config.sources().get(0).jobs().get(0);
    }

    private static RemoteWriteConfig onlyEndpoint(ForwarderConfig config) {
        assertThat(config.endpoints()).hasSize(1);
        return config.endpoints().get(0);
    }

    private static void assertBatch(RemoteWriteConfig endpoint, int maxSamples, int maxBytes, Duration linger) {
        assertThat(endpoint.batch().maxSamples()).isEqualTo(maxSamples);
        assertThat(endpoint.batch().maxBytes()).isEqualTo(maxBytes);
        assertThat(endpoint.batch())
                .isInstanceOfSatisfying(
                        PromptStart.class,
                        start -> assertThat(start.usual().linger(1, 1)).isEqualTo(linger));
    }

    private static String authorization(RemoteWriteConfig endpoint) throws IOException {
        return endpoint.http().credentials().authorization();
    }

    private static String basic(String user, String password) throws IOException {
        return Credentials.basic(user, password).authorization();
    }

    private static WriteFailure failure(int status, int attempts, Duration elapsed) {
        return new WriteFailure(status, "", null, null, attempts, elapsed);
    }

    private static Path resource(String name) throws Exception {
        return Path.of(ForwarderConfigTest.class.getResource("/config/" + name).toURI());
    }
}
