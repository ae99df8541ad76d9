package io.github.promferry.benchmarks.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.benchmarks.BenchmarkPage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs one agent after the other against the same targets and the same receiver, and prints what each has used.
 *
 * <p>Processor time is that of the agent's process alone. Targets and receiver live in this process; their cost is not
 * counted, but on a machine with few cores they compete for them.
 */
public final class ProcessComparison {
    private static final Set<String> OPTIONS = Set.of(
            "targets", "interval", "warmup", "measure", "agents", "forwarder", "prometheus", "vmagent", "java-flags");
    private static final Duration FIRST_SAMPLE_TIMEOUT = Duration.ofSeconds(90);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(20);
    /** Of the launcher notes, for many engines. */
    private static final String SMALL_JVM = "-XX:+UseSerialGC -Xms16m -Xmx96m -Xmn8m -Xss512k -XX:-UsePerfData";

    private final Map<String, String> options;
    private final int targets;
    private final int intervalSeconds;
    private final Duration warmUp;
    private final Duration measured;

    private ProcessComparison(Map<String, String> options) {
        this.options = options;
        targets = Integer.parseInt(options.getOrDefault("targets", "200"));
        intervalSeconds = Integer.parseInt(options.getOrDefault("interval", "1"));
        warmUp = Duration.ofSeconds(Integer.parseInt(options.getOrDefault("warmup", "40")));
        measured = Duration.ofSeconds(Integer.parseInt(options.getOrDefault("measure", "20")));
    }

    /**
     * Runs the comparison.
     *
     * @param args {@code --targets N --interval SECONDS --warmup SECONDS --measure SECONDS --agents NAME,NAME --forwarder
     *     JAR --prometheus BINARY --vmagent BINARY --java-flags FLAGS}
     * @throws IOException if a server or process cannot be started
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            String name = args[i].startsWith("--") ? args[i].substring(2) : "";
            if (!OPTIONS.contains(name)) {
                throw new IllegalArgumentException("unknown option \"" + args[i] + "\", expected one of --"
                        + String.join(", --", OPTIONS.stream().sorted().toList()));
            }
            options.put(name, args[i + 1]);
        }
        new ProcessComparison(options).run();
    }

    private void run() throws IOException, InterruptedException {
        try (TargetFleet fleet = new TargetFleet(BenchmarkPage.VLLM, targets)) {
            fleet.start();
            int series = BenchmarkPage.scrapes(BenchmarkPage.VLLM, 1)[0].samples();
            print(
                    "%d targets x %d series every %d s, warm-up %d s, measured %d s, %d processors%n%n",
                    targets,
                    series,
                    intervalSeconds,
                    warmUp.toSeconds(),
                    measured.toSeconds(),
                    Runtime.getRuntime().availableProcessors());
            print("| agent | samples/s | CPU s per million samples | ratio to the first | resident MB | peak MB "
                    + "| wire B/sample | requests/s | first sample ms |%n");
            print("|---|---:|---:|---:|---:|---:|---:|---:|---:|%n");
            double first = 0;
            for (Agent agent : agents()) {
                Result result = measure(agent, fleet.addresses());
                first = first == 0 ? result.cpuSecondsPerMillion() : first;
                print(
                        "| %s | %,.0f | %.3f | %.2f | %.0f | %.0f | %.2f | %.1f | %d |%n",
                        agent.name(),
                        result.samplesPerSecond(),
                        result.cpuSecondsPerMillion(),
                        result.cpuSecondsPerMillion() / first,
                        result.residentMegabytes,
                        result.peakMegabytes,
                        result.wireBytes / (double) result.samples,
                        result.requests / result.seconds,
                        result.firstSampleMillis);
            }
        }
    }

    private List<Agent> agents() {
        List<Agent> agents = new ArrayList<>();
        for (String name : options.getOrDefault("agents", "vmagent,prometheus,promferry-v1,promferry-v2")
                .split(",", 0)) {
            Agent agent = agent(name);
            if (agent == null) {
                print("%s: not found, left out%n", name);
            } else {
                agents.add(agent);
            }
        }
        return agents;
    }

    private @Nullable Agent agent(String name) {
        return switch (name) {
            case "vmagent" -> vmagent(name, List.of());
            case "vmagent-plain" -> vmagent(name, List.of("-promscrape.disableCompression"));
            case "prometheus" -> {
                Path binary = find(options.getOrDefault("prometheus", "prometheus"));
                yield binary == null ? null : Agent.prometheus(name, binary, intervalSeconds);
            }
            case "promferry-v1" -> promferry(name, "prometheus.WriteRequest");
            case "promferry-v2" -> promferry(name, "io.prometheus.write.v2.Request");
            default ->
                throw new IllegalArgumentException("unknown agent \"" + name
                        + "\", expected vmagent, vmagent-plain, prometheus, promferry-v1 or" + " promferry-v2");
        };
    }

    /** Held to the Prometheus protocol where it has one of its own. */
    private @Nullable Agent vmagent(String name, List<String> more) {
        Path binary = find(options.getOrDefault("vmagent", "vmagent"));
        if (binary == null) {
            return null;
        }
        List<String> flags = new ArrayList<>(more);
        if (hasOwnProtocol(binary)) {
            flags.add("-remoteWrite.forcePromProto");
        }
        return Agent.vmagent(name, binary, intervalSeconds, flags);
    }

    private @Nullable Agent promferry(String name, String protocol) {
        Path jar = find(options.getOrDefault("forwarder", "examples/target/promferry-forwarder.jar"));
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> flags =
                List.of(options.getOrDefault("java-flags", SMALL_JVM).trim().split("\\s+", 0));
        return jar == null ? null : Agent.promferry(name, java, jar, flags, intervalSeconds, protocol);
    }

    /** The file itself, or the program of that name on the search path. */
    private static @Nullable Path find(String nameOrPath) {
        Path file = Path.of(nameOrPath);
        if (Files.exists(file)) {
            return file.toAbsolutePath();
        }
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, 0))
                .map(folder -> Path.of(folder, nameOrPath))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    /** Newer versions write a protocol of their own unless told otherwise; older ones do not know the flag. */
    private static boolean hasOwnProtocol(Path vmagent) {
        try {
            Process help = new ProcessBuilder(vmagent.toString(), "-help")
                    .redirectErrorStream(true)
                    .start();
            String text = new String(help.getInputStream().readAllBytes(), UTF_8);
            return text.contains("-remoteWrite.forcePromProto");
        } catch (IOException e) {
            return false;
        }
    }

    private Result measure(Agent agent, List<String> addresses) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("promferry-comparison");
        try (CountingReceiver receiver = new CountingReceiver()) {
            receiver.start();
            List<String> command = agent.command().in(folder, addresses, receiver.url());
            File log = folder.resolve("log").toFile();
            long started = System.nanoTime();
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log)
                    .start();
            try {
                awaitFirstSample(agent, receiver, process, log, started);
                TimeUnit.NANOSECONDS.sleep(warmUp.toNanos());
                return measure(agent, receiver, process, log, started);
            } finally {
                process.destroy();
                if (!process.waitFor(EXIT_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            }
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }

    private Result measure(Agent agent, CountingReceiver receiver, Process process, File log, long started)
            throws IOException, InterruptedException {
        long samples = receiver.samples();
        long wireBytes = receiver.wireBytes();
        long requests = receiver.requests();
        ProcessUsage before = ProcessUsage.of(process.pid());
        long from = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(measured.toNanos());
        if (!process.isAlive()) {
            throw failed(agent, "has ended", log);
        }
        ProcessUsage after = ProcessUsage.of(process.pid());
        double seconds = (System.nanoTime() - from) / 1e9;
        if (receiver.refused() > 0) {
            throw failed(agent, "sent " + receiver.refused() + " requests that are no Remote Write", log);
        }
        return new Result(
                receiver.samples() - samples,
                receiver.wireBytes() - wireBytes,
                receiver.requests() - requests,
                seconds,
                after.cpu().minus(before.cpu()).toMillis() / 1e3,
                after.residentKilobytes() / 1e3,
                after.peakKilobytes() / 1e3,
                TimeUnit.NANOSECONDS.toMillis(receiver.firstSampleNanos() - started));
    }

    private static void awaitFirstSample(
            Agent agent, CountingReceiver receiver, Process process, File log, long started)
            throws IOException, InterruptedException {
        while (receiver.firstSampleNanos() == 0) {
            if (!process.isAlive()) {
                throw failed(agent, "has ended with status " + process.exitValue(), log);
            }
            if (System.nanoTime() - started > FIRST_SAMPLE_TIMEOUT.toNanos()) {
                throw failed(agent, "has sent nothing for " + FIRST_SAMPLE_TIMEOUT.toSeconds() + " s", log);
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static IllegalStateException failed(Agent agent, String what, File log) throws IOException {
        List<String> lines = Files.readAllLines(log.toPath());
        List<String> last = lines.subList(Math.max(0, lines.size() - 20), lines.size());
        return new IllegalStateException(agent.name() + " " + what + "; its last words:\n" + String.join("\n", last));
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }

    private record Result(
            long samples,
            long wireBytes,
            long requests,
            double seconds,
            double cpuSeconds,
            double residentMegabytes,
            double peakMegabytes,
            long firstSampleMillis) {
        private double samplesPerSecond() {
            return samples / seconds;
        }

        private double cpuSecondsPerMillion() {
            return cpuSeconds / (samples / 1e6);
        }
    }
}
