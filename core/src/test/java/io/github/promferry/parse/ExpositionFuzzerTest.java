package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fuzzer's seeds and what it once found. */
class ExpositionFuzzerTest {
    static Stream<Path> inputs() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/fuzz/corpus"))) {
            return files.sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("inputs")
    void input(Path file) throws IOException {
        byte[] page = Files.readAllBytes(file);
        assertThatCode(() -> ExpositionFuzzer.fuzzerTestOneInput(page)).doesNotThrowAnyException();
    }
}
