package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The forwarder jar as its users run it: a process of its own, told to end by a signal. */
final class ForwarderProcess implements AutoCloseable {
    /** Made by this module's package phase, which comes before the integration tests. */
    private static final Path JAR = Path.of("target", "promferry-forwarder.jar");

    private final Process process;
    private final Path output;
    private final Path errors;

    private ForwarderProcess(Process process, Path output, Path errors) {
        this.process = process;
        this.output = output;
        this.errors = errors;
    }

    /** Starts {@code run} with this configuration. */
    static ForwarderProcess run(Path directory, String config, String... options) throws IOException {
        Path file = Files.writeString(directory.resolve("config.yaml"), config);
        List<String> arguments = new ArrayList<>(List.of("run", "--config", file.toString()));
        arguments.addAll(List.of(options));
        return start(directory, arguments);
    }

    /** Starts the jar with these arguments. */
    static ForwarderProcess start(Path directory, List<String> arguments) throws IOException {
        assertThat(JAR).as("the forwarder jar; mvn package makes it").exists();
        List<String> command = new ArrayList<>();
        // A shell that runs the build in the background has made it ignore SIGINT, and children inherit that.
        command.addAll(List.of("env", "--default-signal=INT,TERM"));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-jar",
                JAR.toAbsolutePath().toString()));
        command.addAll(arguments);
        Path output = directory.resolve("forwarder.out");
        Path errors = directory.resolve("forwarder.log");
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(errors.toFile())
                .redirectOutput(output.toFile())
                .start();
        process.getOutputStream().close();
        return new ForwarderProcess(process, output, errors);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal, such as TERM, and returns the exit status. */
    int endBy(String signal, Duration atMost) throws IOException, InterruptedException {
        signal(signal);
        return awaitExit(atMost);
    }

    void signal(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start();
        assertThat(kill.waitFor()).as("kill -" + signal).isZero();
    }

    int awaitExit(Duration atMost) throws InterruptedException, IOException {
        assertThat(process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS))
                .as("the forwarder ends within " + atMost + "; its log:\n" + log())
                .isTrue();
        return process.exitValue();
    }

    /** What it has written to stdout. */
    String output() throws IOException {
        return Files.readString(output);
    }

    /** What it has written to stderr. */
    String log() throws IOException {
        return Files.readString(errors);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
