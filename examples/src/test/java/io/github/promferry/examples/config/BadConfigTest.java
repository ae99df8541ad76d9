package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message here is what a user sees: they are compared to the letter, place included. */
class BadConfigTest {
    private static final Path FOLDER = Path.of("/etc/promferry");

    /** Ends a Prometheus file whose errors are in the jobs. */
    private static final String SEND = "remote_write: [{url: \"http://h/\"}]\n";

    private static final String JOB = "- job_name: a\n  static_configs: [{targets: [\"h:1\"]}]\n";

    /** Begins a Prometheus file whose errors are in the endpoints. */
    private static final String SCRAPE = "scrape_configs: [{job_name: a, static_configs: [{targets: [\"h:1\"]}]}]\n";

    private static final String PIPELINE = """
            receivers:
              prometheus: {config: {scrape_configs: [{job_name: a, static_configs: [{targets: ["h:1"]}]}]}}
            exporters:
              prometheusremotewrite: {endpoint: "http://h/"}
            """;

    static Stream<Arguments> files() {
        return Stream.of(
                argumentSet(
                        "empty",
                        "",
                        errors(
                                "1:1: error: the file is empty; expected a collector configuration (receivers, exporters,"
                                        + " service) or a Prometheus configuration (scrape_configs, remote_write)")),
                argumentSet(
                        "only a comment",
                        "# nothing\n",
                        errors(
                                "1:1: error: the file is empty; expected a collector configuration (receivers, exporters,"
                                        + " service) or a Prometheus configuration (scrape_configs, remote_write)")),
                argumentSet(
                        "a list",
                        "- a\n",
                        errors("1:1: error: the file is not a mapping of keys to values; expected a collector"
                                + " configuration (receivers, exporters, service) or a Prometheus configuration"
                                + " (scrape_configs, remote_write)")),
                argumentSet(
                        "something else",
                        "services: {web: {}}\nversion: 3\n",
                        errors("1:1: error: neither a collector configuration (receivers, exporters, service) nor a"
                                + " Prometheus configuration (scrape_configs, remote_write): found services, version")),
                argumentSet(
                        "not YAML",
                        "scrape_configs: [\nremote_write: \"s3cret",
                        errors("2:22: error: not YAML: found unexpected end of stream")),
                argumentSet(
                        "what global says does not fit itself",
                        """
                        global:
                          scrape_interval: 10s
                          scrape_timeout: 20s
                          metric_name_validation_scheme: legacy
                          external_labels: {a: b, c.d: e, "1": f}
                        scrape_configs: [{job_name: a, static_configs: [{targets: ["h:1"]}]}]
                        remote_write: [{url: "http://h/", write_relabel_configs: [{target_label: a.b}]}]
                        """,
                        errors(
                                "3:19: error: global.scrape_timeout: 20s is longer than the interval of 10s",
                                "5:20: error: global.external_labels: \"1\" is no label name under"
                                        + " metric_name_validation_scheme: legacy (letters, digits and underscores, no"
                                        + " digit first)",
                                "5:20: error: global.external_labels: \"c.d\" is no label name under"
                                        + " metric_name_validation_scheme: legacy (letters, digits and underscores, no"
                                        + " digit first)",
                                "7:59: error: remote_write[0].write_relabel_configs[0]: relabel rule {action: replace,"
                                        + " target_label: a.b}: target_label \"a.b\" is no label name (letters, digits and"
                                        + " underscores, no digit first)")),
                argumentSet(
                        "nothing to scrape, nowhere to send",
                        "global: {}\n",
                        errors(
                                "1:1: error: scrape_configs: there is nothing to scrape: add a job with job_name and"
                                        + " static_configs",
                                "1:1: error: remote_write: there is nowhere to send to: add an endpoint with its"
                                        + " url")));
    }

    static Stream<Arguments> jobs() {
        return Stream.of(
                argumentSet(
                        "discoveries",
                        """
                        - job_name: a
                          file_sd_configs:
                            - {files: [targets.txt]}
                            - {refresh_interval: 0s}
                          http_sd_configs:
                            - {url: "ftp://h/"}
                            - {url: "http://alice:s3cret@h/"}
                            - {url: "http://h/ x"}
                            - {}
                          dns_sd_configs:
                            - {names: [vllm.test], type: A}
                            - {names: ["vllm.test:8000"], type: TXT}
                            - {port: 80}
                        """,
                        errors(
                                "4:15: error: scrape_configs[0].file_sd_configs[0].files: \"/etc/promferry/targets.txt\" is"
                                        + " no path of target files: it has to end in .json, .yml or .yaml, and may have"
                                        + " one * in the file name, such as targets/*.json",
                                "5:7: error: scrape_configs[0].file_sd_configs[1]: no file is given: name at least one,"
                                        + " such as targets/*.json",
                                "7:13: error: scrape_configs[0].http_sd_configs[0].url: \"ftp://h/\" is no http or https"
                                        + " URL of a list of targets",
                                "8:13: error: scrape_configs[0].http_sd_configs[1].url: the URL of a list of targets has a"
                                        + " user: credentials belong in the HTTP settings",
                                "9:13: error: scrape_configs[0].http_sd_configs[2].url: not a URL: Illegal character in"
                                        + " path at index 9",
                                "10:7: error: scrape_configs[0].http_sd_configs[3]: url is missing",
                                "12:7: error: scrape_configs[0].dns_sd_configs[0]: DNS records of type A have no port: give"
                                        + " one from 1 to 65535, found 0",
                                "13:15: error: scrape_configs[0].dns_sd_configs[1].names: \"vllm.test:8000\" is no DNS"
                                        + " name, such as _metrics._tcp.vllm.example.com (the port is a setting of its own)",
                                "13:41: error: scrape_configs[0].dns_sd_configs[1].type: \"TXT\": expected SRV, A, AAAA, MX or"
                                        + " NS",
                                "14:7: error: scrape_configs[0].dns_sd_configs[2]: no DNS name is given: name at least"
                                        + " one")),
                argumentSet(
                        "a typing mistake",
                        "- job_name: a\n  scrape_intervall: 15s\n",
                        errors("3:3: error: unknown key \"scrape_intervall\" in scrape_configs[0]; did you mean"
                                + " \"scrape_interval\"?")),
                argumentSet(
                        "a key that nothing is near to",
                        "- job_name: a\n  static_configs: [{frobnicate: 1}]\n",
                        errors("3:21: error: unknown key \"frobnicate\" in scrape_configs[0].static_configs[0]; known"
                                + " keys are targets, labels")),
                argumentSet(
                        "no name",
                        "- scrape_interval: 15s\n",
                        errors("2:3: error: scrape_configs[0]: job_name is missing")),
                argumentSet(
                        "an empty name",
                        "- job_name: \"\"\n",
                        errors("2:13: error: scrape_configs[0].job_name: must not be empty")),
                argumentSet(
                        "a name twice",
                        JOB + JOB,
                        errors(
                                "4:13: error: scrape_configs[1].job_name: \"a\" is already the name of the job on line 2")),
                argumentSet(
                        "no unit",
                        "- job_name: a\n  scrape_interval: 15\n",
                        errors(
                                "3:20: error: scrape_configs[0].scrape_interval: \"15\": a duration needs a unit, such as"
                                        + " 15s, 1m30s or 500ms")),
                argumentSet(
                        "interval zero",
                        "- job_name: a\n  scrape_interval: 0s\n",
                        errors("3:20: error: scrape_configs[0].scrape_interval: must be more than 0")),
                argumentSet(
                        "timeout longer than the interval",
                        "- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 10s\n",
                        errors("4:19: error: scrape_configs[0].scrape_timeout: 10s is longer than the interval of 5s")),
                argumentSet(
                        "a list where a value belongs",
                        "- job_name: [a]\n",
                        errors("2:13: error: scrape_configs[0].job_name: expected a single value, found a list")),
                argumentSet(
                        "a value where a list belongs",
                        "- job_name: a\n  static_configs: h:1\n",
                        errors("3:19: error: scrape_configs[0].static_configs: expected a list, found a single value")),
                argumentSet(
                        "a list of values where blocks belong",
                        "- job_name: a\n  static_configs: [\"h:1\"]\n",
                        errors(
                                "3:20: error: scrape_configs[0].static_configs[0]: expected keys and values, found a single"
                                        + " value")),
                argumentSet(
                        "a value where a block belongs",
                        "- job_name: a\n  basic_auth: s3cret\n",
                        errors(
                                "3:15: error: scrape_configs[0].basic_auth: expected keys and values, found a single value")),
                argumentSet(
                        "a target that is a URL",
                        "- job_name: a\n  static_configs:\n  - targets:\n    - http://h:1/metrics\n",
                        errors("5:7: error: scrape_configs[0].static_configs[0].targets[0]: target address"
                                + " \"http://h:1/metrics\" is a URL: give host:port alone, the rest belongs in scheme()"
                                + " and path() of the job")),
                argumentSet(
                        "a target of IPv6 without brackets, and with too few",
                        "- job_name: a\n  static_configs: [{targets: [\"2001:db8::1\", \"[::1:8000\"]}]\n",
                        errors(
                                "3:31: error: scrape_configs[0].static_configs[0].targets[0]: target address"
                                        + " \"2001:db8::1\" is an IPv6 address: write [address]:port",
                                "3:46: error: scrape_configs[0].static_configs[0].targets[1]: target address"
                                        + " \"[::1:8000\" is not an IPv6 address in brackets, with or without a port,"
                                        + " such as [2001:db8::1]:8000")),
                argumentSet(
                        "not a boolean",
                        "- job_name: a\n  honor_labels: maybe\n",
                        errors("3:17: error: scrape_configs[0].honor_labels: \"maybe\": expected true or false")),
                argumentSet(
                        "a negative limit",
                        "- job_name: a\n  sample_limit: -1\n",
                        errors("3:17: error: scrape_configs[0].sample_limit: \"-1\": expected a whole number from 0 to"
                                + " 2147483647")),
                argumentSet(
                        "not a size",
                        "- job_name: a\n  body_size_limit: 16\n",
                        errors(
                                "3:20: error: scrape_configs[0].body_size_limit: \"16\": not a size; write a number with a"
                                        + " unit, such as 512KB, 16MB or 1GB")),
                argumentSet(
                        "a scheme nobody knows",
                        "- job_name: a\n  scheme: ftp\n",
                        errors("3:11: error: scrape_configs[0].scheme: scheme \"ftp\" is neither http nor https")),
                argumentSet(
                        "a missing variable",
                        "- job_name: a\n  static_configs: [{targets: [\"${HOST_OF_ENGINE}:1\"]}]\n",
                        errors("3:31: error: scrape_configs[0].static_configs[0].targets[0]: environment variable"
                                + " HOST_OF_ENGINE is not set; set it or give a default:"
                                + " ${env:HOST_OF_ENGINE:-DEFAULT}; for the text itself write $${HOST_OF_ENGINE}")),
                argumentSet(
                        "two ways to authenticate",
                        "- job_name: a\n  bearer_token: s3cret\n  basic_auth: {username: u, password: s3cret}\n",
                        errors(
                                "3:17: error: scrape_configs[0].bearer_token: only one of basic_auth, bearer_token can be"
                                        + " used")),
                argumentSet(
                        "two passwords",
                        "- job_name: a\n  basic_auth: {username: u, password: s3cret, password_file: f}\n",
                        errors("3:62: error: scrape_configs[0].basic_auth.password_file: only one of password and"
                                + " password_file can be used")),
                argumentSet(
                        "a user that cannot be sent",
                        "- job_name: a\n  basic_auth: {username: \"u:v\", password: s3cret}\n",
                        errors(
                                "3:26: error: scrape_configs[0].basic_auth.username: user name \"u:v\" has a colon, which"
                                        + " basic authentication cannot express (RFC 7617)")),
                argumentSet(
                        "basic as a type of authorization",
                        "- job_name: a\n  authorization: {type: Basic, credentials: s3cret}\n",
                        errors("3:25: error: scrape_configs[0].authorization.type: \"Basic\": use basic_auth instead")),
                argumentSet(
                        "authorization without a secret",
                        "- job_name: a\n  authorization: {type: Bearer}\n",
                        errors(
                                "3:3: error: scrape_configs[0].authorization: credentials or credentials_file is missing")),
                argumentSet(
                        "a key without effect is a warning, beside an error",
                        "- job_name: a\n  scrape_failure_log_file: f\n  proxy_url: socks5://u:s3cret@p/\n",
                        errors(
                                "3:3: warning: scrape_configs[0].scrape_failure_log_file has no effect here: failed scrapes"
                                        + " are logged to stderr",
                                "4:14: error: scrape_configs[0].proxy_url: proxy socks5://p/: expected http and a host, such"
                                        + " as http://proxy:3128; java.net.http knows no other proxies")),
                argumentSet(
                        "proxies from two places",
                        "- job_name: a\n  proxy_url: http://p\n  proxy_from_environment: true\n",
                        errors("4:27: error: scrape_configs[0].proxy_from_environment: only one of proxy_url and"
                                + " proxy_from_environment can be used")),
                argumentSet(
                        "exceptions from no proxy",
                        "- job_name: a\n  no_proxy: h\n",
                        errors("3:13: error: scrape_configs[0].no_proxy: proxy_url is missing; with"
                                + " proxy_from_environment, NO_PROXY is used")),
                argumentSet(
                        "headers that reach no proxy",
                        "- job_name: a\n  proxy_url: http://p\n  proxy_connect_header: {X-Key: [s3cret], Proxy-A: [a, b]}\n",
                        errors(
                                "4:33: error: scrape_configs[0].proxy_connect_header.X-Key: header \"X-Key\" for a proxy:"
                                        + " expected a name that begins with Proxy-; java.net.http sends no other to it",
                                "4:52: error: scrape_configs[0].proxy_connect_header.Proxy-A: expected a list of one value,"
                                        + " found 2")),
                argumentSet(
                        "headers for no proxy",
                        "- job_name: a\n  proxy_connect_header: {Proxy-A: [a]}\n",
                        errors("3:25: error: scrape_configs[0].proxy_connect_header: proxy_url or"
                                + " proxy_from_environment is missing")),
                argumentSet(
                        "half of a client certificate",
                        "- job_name: a\n  tls_config: {cert_file: c.pem, min_version: TLS11}\n",
                        errors(
                                "3:27: error: scrape_configs[0].tls_config.cert_file: cert_file and key_file come together"
                                        + " or not at all",
                                "3:47: error: scrape_configs[0].tls_config.min_version: \"TLS11\": expected TLS12 or"
                                        + " TLS13 (in the collector's configuration 1.2 or 1.3)")),
                argumentSet(
                        "a repeated key",
                        "- job_name: a\n  job_name: b\n",
                        errors("3:3: error: key \"job_name\" in scrape_configs[0] is repeated; it is first on line 2")),
                argumentSet(
                        "formats",
                        """
                        - job_name: a
                          scrape_protocols: [Text, PrometheusText0.0.4, PrometheusText0.0.4]
                          fallback_scrape_protocol: Text
                        """,
                        errors(
                                "3:22: error: scrape_configs[0].scrape_protocols[0]: \"Text\" is not a protocol; expected"
                                        + " one of PrometheusText0.0.4, PrometheusText1.0.0, OpenMetricsText0.0.1,"
                                        + " OpenMetricsText1.0.0, OpenMetricsText2.0.0, PrometheusProto",
                                "3:49: error: scrape_configs[0].scrape_protocols[2]: \"PrometheusText0.0.4\" is listed"
                                        + " twice",
                                "4:29: error: scrape_configs[0].fallback_scrape_protocol: \"Text\" is not a protocol;"
                                        + " expected one of PrometheusText0.0.4, PrometheusText1.0.0,"
                                        + " OpenMetricsText0.0.1, OpenMetricsText1.0.0, OpenMetricsText2.0.0,"
                                        + " PrometheusProto")),
                argumentSet(
                        "names",
                        "- job_name: a\n  metric_name_validation_scheme: old\n  metric_name_escaping_scheme: none\n",
                        errors(
                                "3:34: error: scrape_configs[0].metric_name_validation_scheme: \"old\": expected utf8 or"
                                        + " legacy",
                                "4:32: error: scrape_configs[0].metric_name_escaping_scheme: \"none\": expected"
                                        + " allow-utf-8, underscores, dots or values")),
                argumentSet(
                        "rules that make names which would fail the scrape, and one that is none",
                        """
                        - job_name: a
                          metric_name_validation_scheme: legacy
                          relabel_configs: [{target_label: a.b, replacement: x}]
                          metric_relabel_configs: [{action: labelmap, replacement: a-$1}, ]
                          static_configs: [{targets: ["h:1"]}, ~]
                        """,
                        errors(
                                "4:21: error: scrape_configs[0].relabel_configs[0]: relabel rule {action: replace,"
                                        + " target_label: a.b, replacement: 'x'}: target_label \"a.b\" is no label name"
                                        + " (letters, digits and underscores, no digit first)",
                                "5:28: error: scrape_configs[0].metric_relabel_configs[0]: relabel rule {action: labelmap,"
                                        + " replacement: 'a-$1'}: replacement \"a-$1\" makes no label name; expected one"
                                        + " such as $1",
                                "6:40: error: scrape_configs[0].static_configs[1]: expected keys and values, found a single"
                                        + " value")),
                argumentSet(
                        "names that would fail the scrape",
                        """
                        - job_name: a
                          metric_name_validation_scheme: legacy
                          metric_name_escaping_scheme: allow-utf-8
                        """,
                        errors("2:3: error: scrape_configs[0]: job a: with legacy names, targets cannot be asked for"
                                + " UTF-8 names (allow-utf-8): use underscores, dots or values")),
                argumentSet(
                        "a header that is reserved",
                        "- job_name: a\n  http_headers: {Host: {values: [x]}, X-A: {values: [a, b]}}\n",
                        errors(
                                "3:24: error: scrape_configs[0].http_headers.Host: header Host is reserved for the"
                                        + " protocol: remove it",
                                "3:44: error: scrape_configs[0].http_headers.X-A: expected exactly one value in values or"
                                        + " secrets, found 2")));
    }

    static Stream<Arguments> endpoints() {
        return Stream.of(
                argumentSet("no URL", "- name: x\n", errors("3:3: error: remote_write[0]: url is missing")),
                argumentSet(
                        "not a URL",
                        "- url: \"http://u:s3cret@h/a b\"\n",
                        errors("3:8: error: remote_write[0].url: not a URL: Illegal character in path at index 19")),
                argumentSet(
                        "another scheme",
                        "- url: ftp://h/w\n",
                        errors(
                                "3:8: error: remote_write[0].url: \"ftp://h/w\" is no Remote Write URL: expected http:// or"
                                        + " https://, a host and a path, such as http://127.0.0.1:9090/api/v1/write")),
                argumentSet(
                        "every error at once",
                        """
                        - url: ftp://h/w
                          remote_timeout: 5
                          protobuf_message: v3
                          headers: {Authorization: s3cret}
                        """,
                        errors(
                                "3:8: error: remote_write[0].url: \"ftp://h/w\" is no Remote Write URL: expected http:// or"
                                        + " https://, a host and a path, such as http://127.0.0.1:9090/api/v1/write",
                                "4:19: error: remote_write[0].remote_timeout: \"5\": a duration needs a unit, such as 15s,"
                                        + " 1m30s or 500ms",
                                "5:21: error: remote_write[0].protobuf_message: \"v3\": expected one of"
                                        + " prometheus.WriteRequest, io.prometheus.write.v2.Request, auto",
                                "6:28: error: remote_write[0].headers.Authorization: header Authorization is not set by"
                                        + " header(): use credentials(), which keeps it out of logs")),
                argumentSet(
                        "a name twice",
                        "- {url: \"http://h/\", name: n}\n- {url: \"http://h/\", name: n}\n",
                        errors("4:28: error: remote_write[1].name: \"n\" is already the name of another endpoint")),
                argumentSet(
                        "the queue",
                        "- url: http://h/\n  queue_config: {max_samples_per_send: 0, min_shards: 5000, min_backoff: 5s,"
                                + " max_backoff: 1s}\n",
                        errors(
                                "4:40: error: remote_write[0].queue_config.max_samples_per_send: must be more than 0",
                                "4:55: error: remote_write[0].queue_config.min_shards: shards is 5000, expected 1 to 1000",
                                "4:91: error: remote_write[0].queue_config.max_backoff: 1s is shorter than min_backoff,"
                                        + " 5s")),
                argumentSet(
                        "relabel rules",
                        """
                        - url: http://h/
                          write_relabel_configs:
                            - {regex: "(", action: labeldrop}
                            - {action: erase}
                            - {sourcelabels: [a], action: keep}
                        """,
                        errors(
                                "5:7: error: remote_write[0].write_relabel_configs[0]: relabel rule {action: labeldrop,"
                                        + " regex: '('}: regex is not valid RE2 (missing closing ): (); RE2 has no"
                                        + " lookaround, back-references or possessive quantifiers, and repeats at most"
                                        + " 1000 times",
                                "6:7: error: remote_write[0].write_relabel_configs[1]: unknown relabel action \"erase\","
                                        + " expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap,"
                                        + " labeldrop, labelkeep, lowercase, uppercase",
                                "7:8: error: unknown key \"sourcelabels\" in remote_write[0].write_relabel_configs[2]; did"
                                        + " you mean \"source_labels\"?")),
                argumentSet(
                        "ways to authenticate that say too little, and too many of them",
                        "- url: http://h/\n  sigv4: {region: eu}\n  oauth2: {client_id: x}\n",
                        errors(
                                "4:3: error: remote_write[0].sigv4: access_key is missing",
                                "4:3: error: remote_write[0].sigv4: secret_key is missing",
                                "4:10: error: remote_write[0].sigv4: only one way to authenticate can be used",
                                "5:3: error: remote_write[0].oauth2: token_url is missing",
                                "5:3: error: remote_write[0].oauth2: expected one of client_secret and"
                                        + " client_secret_file")),
                argumentSet(
                        "a way to authenticate that would be ignored",
                        "- url: http://h/\n  azuread: {cloud: x}\n",
                        errors("4:3: error: remote_write[0].azuread is not supported: use basic_auth, authorization,"
                                + " oauth2 or sigv4")));
    }

    static Stream<Arguments> collectors() {
        return Stream.of(
                argumentSet(
                        "no service",
                        PIPELINE,
                        errors(
                                "1:1: error: service.pipelines: no pipeline is defined, so nothing would be sent",
                                "2:3: warning: receivers.prometheus is in no pipeline and therefore not used",
                                "4:3: warning: exporters.prometheusremotewrite is in no pipeline and therefore not used")),
                argumentSet(
                        "references to nothing",
                        PIPELINE + """
                                service:
                                  extensions: [basicauth]
                                  pipelines:
                                    metrics:
                                      receivers: [prometheus, prometheus/2]
                                      processors: [batch]
                                      exporters: [prometheusremotewrit]
                                """,
                        errors(
                                "4:3: warning: exporters.prometheusremotewrite is in no pipeline and therefore not used",
                                "6:16: error: service.extensions[0]: \"basicauth\" is not defined in extensions",
                                "9:31: error: service.pipelines.metrics.receivers[1]: \"prometheus/2\" is not defined in"
                                        + " receivers; did you mean \"prometheus\"?",
                                "10:20: error: service.pipelines.metrics.processors[0]: \"batch\" is not defined in"
                                        + " processors",
                                "11:19: error: service.pipelines.metrics.exporters[0]: \"prometheusremotewrit\" is not"
                                        + " defined in exporters; did you mean \"prometheusremotewrite\"?")),
                argumentSet(
                        "components of other types",
                        """
                        receivers: {otlp: {}}
                        processors: {filter: {}, memory_limiter: {}}
                        exporters: {otlphttp: {}}
                        service:
                          pipelines:
                            metrics: {receivers: [otlp], processors: [memory_limiter, filter], exporters: [otlphttp]}
                            logs: {}
                        """,
                        errors(
                                "6:27: error: service.pipelines.metrics.receivers[0]: otlp is not supported: only"
                                        + " prometheus is",
                                "6:47: warning: service.pipelines.metrics.processors[0]: memory_limiter has no effect"
                                        + " here",
                                "6:63: error: service.pipelines.metrics.processors[1]: filter is not supported: it would"
                                        + " change or drop samples; only batch is known",
                                "6:84: error: service.pipelines.metrics.exporters[0]: otlphttp is not supported: only"
                                        + " prometheusremotewrite is",
                                "7:5: error: service.pipelines.logs is not supported: only metrics pipelines are")),
                argumentSet(
                        "an authenticator that is not started",
                        """
                        receivers:
                          prometheus: {config: {scrape_configs: [{job_name: a, static_configs: [{targets: ["h:1"]}]}]}}
                        extensions:
                          basicauth: {client_auth: {username: u, password: s3cret}}
                        exporters:
                          prometheusremotewrite: {endpoint: "http://h/", auth: {authenticator: basicauth}}
                        service:
                          pipelines: {metrics: {receivers: [prometheus], exporters: [prometheusremotewrite]}}
                        """,
                        errors("6:72: error: exporters.prometheusremotewrite.auth.authenticator: \"basicauth\" is not"
                                + " started: add it to service.extensions")),
                argumentSet(
                        "settings of an exporter",
                        """
                        receivers:
                          prometheus:
                            trim_metric_suffixes: true
                            config:
                              rule_files: [x]
                              scrape_configs: [{job_name: a, static_configs: [{targets: ["h:1"]}]}]
                        exporters:
                          prometheusremotewrite:
                            endpoint: http://h/
                            timeout: 5
                            namespace: ns
                            compression: gzip
                            add_metric_suffixes: true
                            target_info: {enabled: true}
                            resource_to_telemetry_conversion: {enabled: false}
                            tls: {insecure: true, server_name_override: x}
                            external_labels: {a: ""}
                            wal: {directory: /wal, buffer_size: 5}
                            remote_write_queue: {queue_size: 5, enabled: false}
                            sending_queue: {}
                        service:
                          telemetry: {logs: {level: debug}}
                          pipelines: {metrics: {receivers: [prometheus], exporters: [prometheusremotewrite]}}
                        """,
                        errors(
                                "3:5: error: receivers.prometheus.trim_metric_suffixes is not supported: names are never"
                                        + " changed",
                                "5:7: error: receivers.prometheus.config.rule_files is not supported: the collector"
                                        + " refuses it here, too",
                                "10:14: error: exporters.prometheusremotewrite.timeout: \"5\": a duration needs a unit,"
                                        + " such as 200ms, 1.5s or 1m30s",
                                "11:5: error: exporters.prometheusremotewrite.namespace is not supported: names are never"
                                        + " changed",
                                "12:18: error: exporters.prometheusremotewrite.compression: \"gzip\": only snappy is"
                                        + " possible",
                                "13:5: warning: exporters.prometheusremotewrite.add_metric_suffixes has no effect here:"
                                        + " names are never changed, which equals false",
                                "14:5: warning: exporters.prometheusremotewrite.target_info has no effect here: no"
                                        + " target_info series is made",
                                "16:11: warning: exporters.prometheusremotewrite.tls.insecure has no effect here: the"
                                        + " scheme of the endpoint says whether TLS is used",
                                "16:27: error: exporters.prometheusremotewrite.tls.server_name_override is not supported:"
                                        + " the name in the endpoint is the one that is verified",
                                "17:26: error: exporters.prometheusremotewrite.external_labels.a: name and value must not"
                                        + " be empty",
                                "18:28: warning: exporters.prometheusremotewrite.wal.buffer_size has no effect here: the"
                                        + " spool is bounded by --spool-max-bytes",
                                "19:26: warning: exporters.prometheusremotewrite.remote_write_queue.queue_size has no"
                                        + " effect here: it counts batches; the queue here is bounded in bytes",
                                "19:41: warning: exporters.prometheusremotewrite.remote_write_queue.enabled has no effect"
                                        + " here: samples always wait in the bounded queue",
                                "20:5: error: unknown key \"sending_queue\" in exporters.prometheusremotewrite; known"
                                        + " keys are endpoint, auth, headers, timeout, external_labels,"
                                        + " protobuf_message, max_batch_size_bytes, send_metadata, retry_on_failure,"
                                        + " remote_write_queue, wal, tls, proxy_url, compression",
                                "22:3: warning: service.telemetry has no effect here: the forwarder logs to stderr")));
    }

    @ParameterizedTest
    @MethodSource({"files", "collectors"})
    void aFileThatCannotBeUsedIsExplained(String yaml, List<String> expected) {
        assertProblems(yaml, expected);
    }

    @ParameterizedTest
    @MethodSource("jobs")
    void aJobThatCannotBeUsedIsExplained(String jobs, List<String> expected) {
        assertProblems("scrape_configs:\n" + jobs + SEND, expected);
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void anEndpointThatCannotBeUsedIsExplained(String endpoints, List<String> expected) {
        assertProblems(SCRAPE + "remote_write:\n" + endpoints, expected);
    }

    @Test
    void unsupportedWaysToFindTargetsAreRefusedByName() {
        assertProblems(
                "scrape_configs:\n" + JOB + "  kubernetes_sd_configs: [{role: pod}]\n" + SEND,
                errors("4:3: error: scrape_configs[0].kubernetes_sd_configs is not supported: use"
                        + " file_sd_configs, http_sd_configs or dns_sd_configs"));
    }

    private static void assertProblems(String yaml, List<String> expected) {
        ConfigException refused = catchThrowableOfType(
                ConfigException.class,
                () -> ForwarderConfig.parse("f", yaml, FOLDER, Map.<String, String>of()::get, SpoolOptions.NONE));

        assertThat(refused).as("the file was accepted").isNotNull();
        assertThat(refused.problems()).extracting(ConfigProblem::toString).containsExactlyElementsOf(expected);
        assertThat(refused.getMessage()).doesNotContain("s3cret");
    }

    private static List<String> errors(String... lines) {
        return Stream.of(lines).map(line -> "f:" + line).toList();
    }
}
