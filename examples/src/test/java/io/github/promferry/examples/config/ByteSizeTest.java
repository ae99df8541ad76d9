package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "10B, 10",
        "1KB, 1024",
        "1KiB, 1024",
        "100MB, 104857600",
        "1.5GiB, 1610612736",
        "16mb, 16777216",
        "1TB, 1099511627776",
    })
    void unitsArePowersOf1024AsInPrometheus(String text, long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "16", "MB", "-1MB", "1 MB", "1MBs", "1e3KB"})
    void whatIsNoSizeIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text))
                .hasMessage("not a size; write a number with a unit, such as 512KB, 16MB or 1GB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"8EB", "99999999999999999999B"})
    void whatNoLongHoldsIsRefused(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text)).hasMessage("more than 8 EB");
    }
}
