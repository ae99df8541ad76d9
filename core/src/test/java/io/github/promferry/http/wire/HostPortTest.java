package io.github.promferry.http.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "http://engine, engine:80",
        "https://engine/metrics, engine:443",
        "http://engine:8000/metrics, engine:8000",
        "http://user:secret@engine:8000, engine:8000",
        "http://[::1]:8000, [::1]:8000",
        "http://[::1], [::1]:80",
        "http://my_engine:8000/metrics, my_engine:8000",
        "https://my_engine, my_engine:443",
        "http://user:secret@my_engine:8000, my_engine:8000",
        "http://my_engine:999999, my_engine:999999:80",
        "mailto:nobody, :80",
    })
    void isFoundInUrlsOfAllKinds(URI url, String server) {
        assertThat(HostPort.of(url)).hasToString(server);
    }
}
