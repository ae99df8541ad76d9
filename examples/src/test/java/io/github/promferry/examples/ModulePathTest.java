package io.github.promferry.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A consumer with a module descriptor of its own compiles and runs against the published modules. */
class ModulePathTest {
    /** The published modules and, between them, everything that they need at run time. */
    private static final List<String> JARS = List.of(
            "core",
            "remote-write",
            "scrape",
            "client-java",
            "protobuf-java",
            "snappy-java",
            "re2j",
            "snakeyaml-engine",
            "prometheus-metrics-");

    private static final Set<String> PUBLISHED = Set.of(
            "io.github.promferry.core",
            "io.github.promferry.remotewrite",
            "io.github.promferry.scrape",
            "io.github.promferry.clientjava");

    @TempDir
    private Path folder;

    @Test
    void aModularConsumerCompilesAndRuns() throws Exception {
        Path source = Files.createDirectories(folder.resolve("source"));
        Files.createDirectories(source.resolve("consumer"));
        Files.writeString(source.resolve("module-info.java"), """
                module consumer {
                    requires io.github.promferry.remotewrite;
                    requires io.github.promferry.scrape;
                    requires io.github.promferry.clientjava;
                }
                """);
        Files.writeString(source.resolve("consumer/Main.java"), """
                package consumer;

                import io.github.promferry.SampleBatch;
                import io.github.promferry.clientjava.RegistrySource;
                import io.github.promferry.http.Credentials;
                import io.github.promferry.parse.ExpositionFormat;
                import io.github.promferry.parse.MetricFamily;
                import io.github.promferry.remotewrite.RemoteWriteConfig;
                import io.github.promferry.remotewrite.RemoteWriter;
                import io.github.promferry.scrape.ScrapeJob;
                import io.github.promferry.scrape.Scraper;
                import io.github.promferry.scrape.relabel.RelabelRule;
                import io.prometheus.metrics.model.registry.PrometheusRegistry;
                import java.net.URI;
                import java.time.Duration;

                public final class Main {
                    public static void main(String[] args) {
                        RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(URI.create("http://127.0.0.1:1/"))
                                .credentials(Credentials.basic("u", "p"))
                                .build());
                        Scraper scraper = Scraper.builder()
                                .sink(writer)
                                .job(ScrapeJob.builder("llm")
                                        .target("127.0.0.1:1")
                                        .metricRelabel(RelabelRule.builder()
                                                .sourceLabels("__name__")
                                                .regex("go_.*")
                                                .action(RelabelRule.Action.DROP)
                                                .build())
                                        .build())
                                .build();
                        writer.start();
                        scraper.start();
                        // Encodes and compresses, so that protobuf-java and snappy-java are really loaded.
                        SampleBatch batch = new SampleBatch();
                        RegistrySource.of(new PrometheusRegistry()).collect(batch);
                        MetricFamily family = MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, "a 1\\n".getBytes()).get(0);
                        batch.add(
                                io.github.promferry.Series.of(family.samples().get(0).labels(), family.metadata()),
                                1,
                                Double.doubleToRawLongBits(family.samples().get(0).value()));
                        writer.append(batch);
                        writer.flush(Duration.ofMillis(200));
                        scraper.close(Duration.ofSeconds(1));
                        writer.close(Duration.ofMillis(200));
                        System.out.println(Main.class.getModule() + " " + (writer.stats().requests() > 0));
                    }
                }
                """);
        String modulePath = modulePath();
        Path classes = folder.resolve("classes");
        ByteArrayOutputStream messages = new ByteArrayOutputStream();

        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        messages,
                        messages,
                        "--module-path",
                        modulePath,
                        "-proc:none",
                        "-d",
                        classes.toString(),
                        source.resolve("module-info.java").toString(),
                        source.resolve("consumer/Main.java").toString());
        assertThat(compiled).as(messages.toString(StandardCharsets.UTF_8)).isZero();

        Process java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--module-path",
                        classes + File.pathSeparator + modulePath,
                        "--module",
                        "consumer/consumer.Main")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        assertThat(java.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("output"))).contains("module consumer true");
        assertThat(java.exitValue()).isZero();
    }

    @Test
    void thePublishedModulesHaveDescriptorsOfTheirOwn() {
        Set<ModuleDescriptor> ours = ModuleFinder.of(Stream.of(modulePath().split(File.pathSeparator))
                        .map(Path::of)
                        .toArray(Path[]::new))
                .findAll()
                .stream()
                .map(ModuleReference::descriptor)
                .filter(module -> module.name().startsWith("io.github.promferry"))
                .collect(Collectors.toSet());

        assertThat(ours).extracting(ModuleDescriptor::name).containsExactlyInAnyOrderElementsOf(PUBLISHED);
        assertThat(ours).noneMatch(ModuleDescriptor::isAutomatic).noneMatch(ModuleDescriptor::isOpen);
    }

    /** Jars, or folders of classes if this runs before the jars are made. */
    private static String modulePath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(ModulePathTest::isNeeded)
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static boolean isNeeded(String entry) {
        Path path = Path.of(entry);
        String name = path.endsWith(Path.of("target", "classes"))
                ? path.getParent().getParent().getFileName().toString()
                : path.getFileName().toString().replaceFirst("^promferry-", "");
        // The model has its configuration in a jar of its own; the writers of pages are for tests.
        return JARS.stream().anyMatch(name::startsWith) && !name.contains("exposition");
    }
}
