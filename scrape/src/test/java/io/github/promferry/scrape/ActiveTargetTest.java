package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.promferry.Labels;
import io.github.promferry.scrape.relabel.RelabelRule;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActiveTargetTest {
    @ParameterizedTest(name = "{0}: {1}, as written: {0}")
    @CsvSource({
        "10.0.0.7:8000, 10.0.0.7:8000",
        "vllm-0.ns.svc:8000, vllm-0.ns.svc:8000",
        "vllm-0, vllm-0",
        "127.0.0.1:8000, pod-7:8000",
        "127.1.2.3:8000, pod-7:8000",
        "localhost:8000, pod-7:8000",
        "LocalHost, pod-7",
        "0.0.0.0:9000, pod-7:9000",
        "[::]:9000, pod-7:9000",
        "[::1]:9000, pod-7:9000",
        "[0:0:0:0:0:0:0:1]:9000, pod-7:9000",
        "[::1], pod-7",
        "[2001:db8::1]:9000, [2001:db8::1]:9000",
        "[2001:db8::1], [2001:db8::1]",
        "127.example.org:80, 127.example.org:80"
    })
    void theInstanceOfATargetOnThisHostIsTheHostName(String address, String instance) {
        ScrapeJob job = ScrapeJob.builder("llm").build();
        ActiveTarget target = ActiveTarget.of(job, Target.of(address), "pod-7");
        assertThat(target.labels()).isEqualTo(Labels.of("job", "llm", "instance", instance));
        assertThat(target.isOnThisHost()).isEqualTo(!instance.equals(address));
        ScrapeJob asWritten = job.toBuilder().instanceFromHostName(false).build();
        assertThat(ActiveTarget.of(asWritten, Target.of(address), "pod-7")
                        .labels()
                        .get("instance"))
                .isEqualTo(address);
    }

    @Test
    void anInstanceLabelOfItsOwnWins() {
        ActiveTarget target = ActiveTarget.of(
                ScrapeJob.builder("llm").build(),
                Target.of("0.0.0.0:9000", Map.of("instance", "a", "job", "b", "model", "c")),
                "pod-7");
        assertThat(target.labels()).isEqualTo(Labels.of("job", "b", "instance", "a", "model", "c"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "0.0.0.0:9000, http://127.0.0.1:9000/metrics",
        "[::]:9000, http://[::1]:9000/metrics",
        "[::], http://[::1]/metrics",
        "[::1]:9000, http://[::1]:9000/metrics",
        "[::1], http://[::1]/metrics",
        "[2001:db8::1]:9000, http://[2001:db8::1]:9000/metrics",
        "[2001:db8::1], http://[2001:db8::1]/metrics",
        "[::ffff:10.0.0.7]:9000, http://[::ffff:10.0.0.7]:9000/metrics",
        "[fe80::1%none0]:9000, http://[fe80::1%none0]:9000/metrics",
        "127.0.0.2:9000, http://127.0.0.2:9000/metrics",
        "vllm, http://vllm/metrics",
        "vllm:9000, http://vllm:9000/metrics"
    })
    void aWildcardIsConnectedToByLoopback(String address, String fetched) {
        ActiveTarget target = ActiveTarget.of(ScrapeJob.builder("llm").build(), Target.of(address), "pod-7");
        assertThat(target.fetchUri()).hasToString(fetched);
        assertThat(target.uri()).hasToString("http://" + address + "/metrics");
    }

    @Test
    void theUrlIsMadeOfTheJobsPartsAndTheTargetsOwn() {
        ScrapeJob job = ScrapeJob.builder("llm")
                .scheme("https")
                .path("some path/metrics")
                .param("module", "a&b")
                .param("module", "second")
                .param("access", "x y")
                .build();
        assertThat(ActiveTarget.of(job, Target.of("h:1"), "").uri())
                .hasToString("https://h:1/some%20path/metrics?access=x+y&module=a%26b&module=second");
        Target own = Target.of(
                "h:1",
                Map.of("__scheme__", "http", "__metrics_path__", "/m", "__param_module", "first", "__param_new", "n"));
        ActiveTarget target = ActiveTarget.of(job, own, "");
        assertThat(target.uri()).hasToString("http://h:1/m?access=x+y&module=first&module=second&new=n");
        assertThat(target.labels()).isEqualTo(Labels.of("job", "llm", "instance", "h:1"));
    }

    @Test
    void intervalAndTimeoutCanBeTheTargetsOwn() {
        ScrapeJob job =
                ScrapeJob.builder("llm").interval(Duration.ofSeconds(30)).build();
        ActiveTarget target = ActiveTarget.of(
                job, Target.of("h:1", Map.of("__scrape_interval__", "1m", "__scrape_timeout__", "20s")), "");
        assertThat(target.interval()).isEqualTo(Duration.ofMinutes(1));
        assertThat(target.timeout()).isEqualTo(Duration.ofSeconds(20));
        ActiveTarget quick = ActiveTarget.of(job, Target.of("h:1", Map.of("__scrape_interval__", "5s")), "");
        assertThat(quick.timeout()).isEqualTo(Duration.ofSeconds(5));
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource({
        "__scrape_interval__, 0, 'label __scrape_interval__ is 0: it must be positive'",
        "__scrape_interval__, soon, '\"soon\" is not a duration'",
        "__scrape_timeout__, 16s, 'timeout 16s is longer than the interval 15s'",
        "__scheme__, gopher, 'scheme \"gopher\" is neither http nor https'"
    })
    void labelsThatCannotBeUnderstoodAreRefused(String label, String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ActiveTarget.of(ScrapeJob.builder("llm").build(), Target.of("h:1", Map.of(label, value)), ""))
                .withMessageContaining(message);
    }

    private static ActiveTarget relabeled(String label, String value) {
        ScrapeJob job = ScrapeJob.builder("llm")
                .relabel(RelabelRule.builder()
                        .targetLabel(label)
                        .replacement(value)
                        .build())
                .build();
        return ActiveTarget.of(job, Target.of("h:1"), "");
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource({
        "__address__, other:2, http://other:2/metrics, 15, 10",
        "__scheme__, https, https://h:1/metrics, 15, 10",
        "__scheme__, HTTPS, https://h:1/metrics, 15, 10",
        "__metrics_path__, /m, http://h:1/m, 15, 10",
        "__metrics_path__, m, http://h:1/m, 15, 10",
        "__metrics_path__, /a b?c%, http://h:1/a%20b%3Fc%25, 15, 10",
        "__metrics_path__, /é, http://h:1/%C3%A9, 15, 10",
        "__metrics_path__, '', http://h:1, 15, 10",
        "__param_x, a b, http://h:1/metrics?x=a+b, 15, 10",
        "__scrape_interval__, 1m, http://h:1/metrics, 60, 10",
        "__scrape_interval__, 5s, http://h:1/metrics, 5, 5",
        "__scrape_timeout__, 3s, http://h:1/metrics, 15, 3",
        "__scrape_timeout__, 15s, http://h:1/metrics, 15, 15"
    })
    void whatRelabelingSaysOfTheScrapeHolds(String label, String value, String url, int interval, int timeout) {
        ActiveTarget target = relabeled(label, value);
        assertThat(target.uri()).hasToString(url);
        assertThat(target.interval()).isEqualTo(Duration.ofSeconds(interval));
        assertThat(target.timeout()).isEqualTo(Duration.ofSeconds(timeout));
        assertThat(target.labels())
                .isEqualTo(Labels.of("job", "llm", "instance", target.uri().getAuthority()));
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource({
        "__address__, '', has no address",
        "__address__, h:1/x, has a path",
        "__scheme__, '', 'scheme \"\" is neither http nor https'",
        "__scheme__, ftp, 'scheme \"ftp\" is neither http nor https'",
        "__scrape_interval__, '', label __scrape_interval__ is gone after relabeling",
        "__scrape_interval__, 0, label __scrape_interval__ is 0: it must be positive",
        "__scrape_interval__, 0s, label __scrape_interval__ is 0: it must be positive",
        "__scrape_interval__, 15, 'label __scrape_interval__: \"15\" is not a duration'",
        "__scrape_interval__, 1.5s, 'label __scrape_interval__: \"1.5s\" is not a duration'",
        "__scrape_interval__, -15s, 'label __scrape_interval__: \"-15s\" is not a duration'",
        "__scrape_timeout__, '', label __scrape_timeout__ is gone after relabeling",
        "__scrape_timeout__, 0, label __scrape_timeout__ is 0: it must be positive",
        "__scrape_timeout__, soon, 'label __scrape_timeout__: \"soon\" is not a duration'",
        "__scrape_timeout__, 15s1ms, timeout 15s1ms is longer than the interval 15s"
    })
    void whatRelabelingMakesOfTheScrapeMustBeUnderstood(String label, String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> relabeled(label, value))
                .withMessageContaining(message);
    }

    @ParameterizedTest(name = "address [{0}]")
    @CsvSource({
        "'', has no address",
        "http://h:1, is a URL",
        "h:1/metrics, has a path",
        "h:1?x, is not host:port",
        "user:secret@h:1, '\"...@h:1\" has a user: credentials belong in http()'",
        "a b:1, is not host:port",
        "2001:db8::1, 'write [address]:port'",
        "[2001:db8::1]:, 'port \"\" is not a number'",
        "[2001:db8::1]:65536, 'port \"65536\" is not a number'",
        "[2001:db8::1]8000, is not an IPv6 address in brackets",
        "[2001:db8::1:8000, is not an IPv6 address in brackets",
        "2001:db8::1]:8000, 'write [address]:port'",
        "[2001:db8::x]:8000, is not an IPv6 address in brackets",
        "[10.0.0.7]:8000, is not an IPv6 address in brackets",
        "[]:8000, is not an IPv6 address in brackets",
        "h:http, 'port \"http\" is not a number'",
        "h:65536, 'port \"65536\" is not a number'",
        "h:, 'port \"\" is not a number'"
    })
    void addressesThatAreNoneAreRefused(String address, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.builder("llm").target(address).build())
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }
}
