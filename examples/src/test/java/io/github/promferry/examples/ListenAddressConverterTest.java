package io.github.promferry.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ListenAddressConverterTest {
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:9090, 127.0.0.1, 9090",
        "0.0.0.0:1, 0.0.0.0, 1",
        "[::1]:65535, 0:0:0:0:0:0:0:1, 65535",
        "localhost:0, 127.0.0.1, 0",
    })
    void hostAndPort(String text, String address, int port) {
        InetSocketAddress converted = new ListenAddressConverter().convert(text);

        assertThat(converted.getAddress().getHostAddress()).isEqualTo(address);
        assertThat(converted.getPort()).isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(strings = {"9090", ":9090"})
    void aPortAloneIsForThisMachineOnly(String text) {
        InetSocketAddress converted = new ListenAddressConverter().convert(text);

        assertThat(converted.getAddress().isLoopbackAddress()).isTrue();
        assertThat(converted.getPort()).isEqualTo(9090);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ":", "localhost", "127.0.0.1:", "1:65536", "1:-1", "::1:80", "http://localhost:80/", "a:1:2"
            })
    void anythingElseIsRefusedWithTheForms(String text) {
        assertThatThrownBy(() -> new ListenAddressConverter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + text + "'")
                .hasMessageContaining("HOST:PORT");
    }

    @Test
    void anUnknownHostIsNamed() {
        assertThatThrownBy(() -> new ListenAddressConverter().convert("no-such-host.invalid:1"))
                .hasMessageContaining("no-such-host.invalid");
    }
}
