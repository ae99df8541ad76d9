package io.github.promferry.http.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShownUrlTest {
    @ParameterizedTest
    @CsvSource({
        "http://store:9090/api/v1/write, http://store:9090/api/v1/write",
        "http://store, http://store",
        "http://store/write?token=hunter2, http://store/write?...",
        "http://store?token=hunter2, http://store?...",
        "http://store/write#hunter2, http://store/write#...",
        "http://store/write?a=b#hunter2, http://store/write?...",
        "http://user:hunter2@store/write, http://store/write",
        "http://hunter2@[::1]:80/write?hunter2, http://[::1]:80/write?...",
        "http://user:hunter2@under_score:80/write, http://under_score:80/write",
        "http://store/tenant@home/write, http://store/tenant@home/write",
        "http://user:hunter2@store/tenant@home/write, http://store/tenant@home/write",
        "http://store/write?mail=a@b, http://store/write?...",
        "mailto:user:hunter2@store, mailto:store",
        "user:hunter2@store:80/write, user:store:80/write",
        "/write?hunter2, /write?...",
    })
    void showsNeitherUserNorQuery(URI url, String shown) {
        assertThat(ShownUrl.of(url)).isEqualTo(shown);
    }
}
