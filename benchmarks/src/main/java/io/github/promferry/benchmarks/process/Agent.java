package io.github.promferry.benchmarks.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that scrapes and writes.
 *
 * @param name in the table
 * @param command how to start it, with its configuration in the given folder
 */
record Agent(String name, CommandLine command) {
    /** Writes what a program needs into an empty folder and says how to start it. */
    interface CommandLine {
        List<String> in(Path folder, List<String> targets, String writeUrl) throws IOException;
    }

    /** The forwarder, started with the given virtual machine flags. */
    static Agent promferry(String name, Path java, Path jar, List<String> flags, int intervalSeconds, String protocol) {
        return new Agent(name, (folder, targets, url) -> {
            List<String> command = new ArrayList<>(List.of(java.toString()));
            command.addAll(flags);
            String config = scrapeConfig(targets, intervalSeconds) + "remote_write:\n  - url: " + url + "\n"
                    + "    protobuf_message: " + protocol + "\n"
                    // As many as vmagent puts into a request.
                    + "    queue_config: {max_samples_per_send: 10000}\n";
            Path file = Files.writeString(folder.resolve("prometheus.yml"), config);
            command.addAll(List.of("-jar", jar.toString(), "run", "--config", file.toString()));
            return command;
        });
    }

    /** Prometheus' agent mode. */
    static Agent prometheus(String name, Path binary, int intervalSeconds) {
        return new Agent(name, (folder, targets, url) -> {
            String config = scrapeConfig(targets, intervalSeconds) + "remote_write:\n  - url: " + url + "\n";
            Path file = Files.writeString(folder.resolve("prometheus.yml"), config);
            return List.of(
                    binary.toString(),
                    "--enable-feature=agent",
                    "--config.file=" + file,
                    "--storage.agent.path=" + folder.resolve("data"),
                    "--web.listen-address=127.0.0.1:0",
                    "--log.level=warn");
        });
    }

    /** VictoriaMetrics' agent with some more flags. */
    static Agent vmagent(String name, Path binary, int intervalSeconds, List<String> flags) {
        return new Agent(name, (folder, targets, url) -> {
            Path file = Files.writeString(folder.resolve("scrape.yml"), scrapeConfig(targets, intervalSeconds));
            List<String> command = new ArrayList<>(List.of(
                    binary.toString(),
                    "-promscrape.config=" + file,
                    "-remoteWrite.url=" + url,
                    "-remoteWrite.tmpDataPath=" + folder.resolve("data"),
                    "-httpListenAddr=127.0.0.1:0",
                    "-loggerLevel=WARN"));
            command.addAll(flags);
            return command;
        });
    }

    private static String scrapeConfig(List<String> targets, int intervalSeconds) {
        return """
                global:
                  scrape_interval: %1$ds
                  scrape_timeout: %1$ds
                scrape_configs:
                  - job_name: llm
                    static_configs:
                      - targets: %2$s
                """.formatted(intervalSeconds, targets);
    }
}
