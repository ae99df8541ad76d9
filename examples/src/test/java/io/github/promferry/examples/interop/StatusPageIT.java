package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleSink;
import io.github.promferry.examples.demo.Demo;
import io.github.promferry.examples.web.StatusServer;
import io.github.promferry.examples.web.StatusSource;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.Target;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
        }
        browser.awaitTrue("document.getElementById('connection').className === 'lost'");
        assertThat(browser.evaluate("document.getElementById('connection').innerText"))
                .asString()
                .startsWith("no answer from the forwarder");
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
