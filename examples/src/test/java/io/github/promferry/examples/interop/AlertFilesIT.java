package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.examples.grafana.AlertRule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Prometheus' own tool reads the alert rules and runs their tests. */
class AlertFilesIT {
    @Test
    void theRulesAreValid() throws Exception {
        promtool("check", AlertRule.files(AlertRule.FOLDER));
    }

    @Test
    void everyAlertFiresWhenItShould() throws Exception {
        promtool("test", AlertRule.files(AlertRule.FOLDER.resolve("test")));
    }

    private static void promtool(String verb, List<Path> files) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(InstalledServer.require("promtool", "prometheus").toString());
        command.add(verb);
        command.add("rules");
        files.forEach(file -> command.add(file.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.lines().filter(line -> line.contains("SUCCESS")))
                .as(output)
                .hasSameSizeAs(files);
    }
}
