package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleSink;
import io.github.promferry.examples.demo.Demo;
import io.github.promferry.examples.web.StatusServer;
import io.github.promferry.examples.web.StatusSource;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.Target;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The status page in the browser that Debian has. */
class StatusPageIT {
    private static final String HOSTILE =
            "</td><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

    @TempDir
    private Path folder;

    private Browser browser;

    @BeforeEach
    void openBrowser() throws Exception {
        browser = Browser.open(folder);
    }

    @AfterEach
    void closeBrowser() {
        browser.close();
    }

    @Test
    void theDemoIsAMovingPicture() throws Exception {
        try (Demo demo = Demo.start()) {
            browser.show(demo.url());

            browser.awaitTrue("document.querySelectorAll('#targets tbody tr').length === 2");
            browser.awaitTrue("document.querySelectorAll('#targets .badge.good').length === 2");
            browser.awaitTrue("document.querySelectorAll('#engines .engine .badge.good').length === 2");
            browser.awaitTrue("[...document.querySelectorAll('#engines .engine')].every(engine =>"
                    + " engine.querySelector('path').getAttribute('d').split('L').length > 8)");
            // Two points make a line, and more samples arrive from second to second.
            browser.awaitTrue("[...document.querySelectorAll('#endpoint-charts path')]"
                    + ".every(path => path.getAttribute('d').includes('L'))");
            browser.evaluate("window.before = document.querySelector('#endpoints tbody').innerText");
            browser.awaitTrue("document.querySelector('#endpoints tbody').innerText !== window.before");
            browser.screenshot(Path.of("target", "status-page.png"));

            // The chart under the pointer tells of the time that it points at, and goes on to with the next drawing.
            browser.evaluate("(() => { const area = document.querySelector('.engine svg').getBoundingClientRect();"
                    + " document.querySelector('.engine svg').dispatchEvent(new PointerEvent('pointermove',"
                    + " {bubbles: true, clientX: area.right - 1, clientY: area.top + 1})); })()");
            browser.evaluate("window.shownAt = document.getElementById('connection').innerText");
            browser.awaitTrue("document.getElementById('connection').innerText !== window.shownAt");
            assertThat(browser.evaluate("document.querySelectorAll('line.pointer').length"))
                    .isEqualTo(1);
            assertThat(browser.complaints()).isEmpty();
        }
        browser.awaitTrue("document.getElementById('connection').className === 'lost'");
        assertThat(browser.evaluate("document.getElementById('connection').innerText"))
                .asString()
                .startsWith("no answer from the forwarder");
    }

    @Test
    void ofManyEnginesATableTellsAndOneIsCharted() throws Exception {
        String page = "vllm:kv_cache_usage_perc{model_name=\"m\"} 0.5\nvllm:num_requests_running{model_name=\"m\"} 1\n";
        List<ScriptedTarget> engines = Stream.generate(() -> ScriptedTarget.start(ScriptedAnswer.page(page)))
                .limit(6)
                .toList();
        EngineMonitor monitor = EngineMonitor.builder().build();
        ScrapeJob.Builder job = ScrapeJob.builder("llm").interval(Duration.ofSeconds(1));
        engines.forEach(engine -> job.target(engine.hostPort()));
        try (Scraper scraper = Scraper.builder().sink(monitor).job(job.build()).build();
                StatusServer server = StatusServer.start(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new StatusSource(Map.of("here", scraper), Map.of(), List.of(monitor)))) {
            scraper.start();
            browser.look(420, true);
            browser.show(server.url());

            browser.awaitTrue("document.querySelectorAll('#engine-table tbody .badge.good').length === 6");
            engines.get(0).answer(ScriptedAnswer.status(503));
            browser.awaitTrue("document.querySelector('#engine-table tbody .badge').innerText === 'down'");
            browser.awaitTrue("document.getElementById('engine-states').innerText.includes('1 down')");
            // What is down has nothing to draw, unless somebody wants to know.
            assertThat(browser.evaluate("document.querySelectorAll('#engines .engine').length"))
                    .isEqualTo(1);
            assertThat(browser.evaluate("document.querySelector('#engines .badge.bad')"))
                    .isNull();
            browser.evaluate("document.querySelector('#engine-table tbody button').click()");
            browser.awaitTrue("document.querySelector('#engines .badge.bad') !== null");
            assertThat(browser.evaluate("document.querySelector('#engines p.bad').innerText"))
                    .asString()
                    .contains("503");
            assertThat(browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
                    .as("no wider than the window")
                    .isEqualTo(true);
            browser.screenshot(Path.of("target", "status-page-narrow-dark.png"));
            assertThat(browser.complaints()).isEmpty();
        } finally {
            engines.forEach(ScriptedTarget::close);
        }
    }

    @Test
    void labelsAndErrorsOfOthersAreTextNeverMarkup() throws Exception {
        SampleSink nowhere = batch -> true;
        try (ScriptedTarget broken = ScriptedTarget.start(ScriptedAnswer.page("a " + HOSTILE + "\n"));
                Scraper scraper = Scraper.builder()
                        .sink(nowhere)
                        .job(ScrapeJob.builder(HOSTILE)
                                .target(Target.of(
                                        broken.hostPort(),
                                        Map.of("instance", HOSTILE, "__proto__x", "1", "m", HOSTILE)))
                                .interval(Duration.ofSeconds(1))
                                .build())
                        .build();
                StatusServer server = StatusServer.start(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new StatusSource(Map.of("here", scraper), Map.of(), List.of()))) {
            scraper.start();
            browser.show(server.url());

            browser.awaitTrue("document.querySelectorAll('#targets .badge.bad').length === 1");
            assertThat(browser.evaluate("document.querySelector('#targets tbody').innerText"))
                    .asString()
                    .contains(HOSTILE.substring(0, 40));
            assertThat(browser.evaluate("document.querySelectorAll('img').length"))
                    .isEqualTo(0);
            assertThat(browser.evaluate("document.querySelectorAll('script').length"))
                    .isEqualTo(1);
            assertThat(browser.evaluate("document.title")).isEqualTo("Promferry");
            assertThat(browser.complaints()).isEmpty();
        }
    }
}
