package io.github.promferry.http.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.ProxySettings;
import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlainRouteTest {
    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:8000/metrics, , true",
        "HTTP://127.0.0.1:8000/metrics, , true",
        "http://host_with_underscore:8000/metrics, , true",
        "https://127.0.0.1:8000/metrics, , false",
        "http://127.0.0.1:8000/metrics, http://proxy:3128, false"
    })
    void leadsToPlainServersWithoutProxy(URI url, URI proxy, boolean plain) {
        HttpSettings settings = proxy == null
                ? HttpSettings.DEFAULTS
                : HttpSettings.builder().proxy(proxy).build();
        assertThat(PlainRoute.leadsTo(settings, url)).isEqualTo(plain);
    }

    @ParameterizedTest
    @CsvSource({"http://store/write, true", "https://store/write, false", "http://elsewhere/write, false"})
    void leadsAroundTheProxyWhereItIsNotWanted(URI url, boolean plain) {
        ProxySettings proxies =
                ProxySettings.of(URI.create("http://proxy:3128")).except("store");
        HttpSettings settings = HttpSettings.builder().proxy(proxies).build();
        assertThat(PlainRoute.leadsTo(settings, url)).isEqualTo(plain);
    }
}
