package io.github.promferry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxySettingsTest {
    private static final URI PROXY = URI.create("http://proxy:3128");

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                // list | URL | asked directly
                "''                     | http://store/              | false",
                "''                     | http://localhost/          | true",
                "''                     | https://127.8.9.10/        | true",
                "''                     | http://[::1]:9090/         | true",
                "*                      | http://store/              | true",
                "'a, *'                 | https://10.0.0.1/          | true",
                "store                  | http://STORE:9090/         | true",
                "store                  | https://a.store/           | true",
                "store                  | http://mystore/            | false",
                "STORE                  | http://store/              | true",
                ".example               | http://example/            | false",
                ".example               | http://a.example/          | true",
                "*.example              | http://a.b.example/        | true",
                "*.example              | http://example/            | false",
                "store:9090             | http://store:9090/         | true",
                "store:9090             | http://store/              | false",
                "store:80               | http://store/              | true",
                "store:443              | https://store/             | true",
                "store:443              | http://store/              | false",
                "10.0.0.7               | http://10.0.0.7:8000/      | true",
                "10.0.0.7               | http://10.0.0.70/          | false",
                "10.0.0.7:80            | http://10.0.0.7:8000/      | false",
                "10.0.0.0/8             | http://10.255.0.1/         | true",
                "10.0.0.0/8             | http://11.0.0.1/           | false",
                "10.0.0.0/31            | http://10.0.0.1/           | true",
                "10.0.0.0/31            | http://10.0.0.2/           | false",
                "0.0.0.0/0              | http://9.9.9.9/            | true",
                "0.0.0.0/0              | http://[2001:db8::1]/      | false",
                "10.0.0.0/33            | http://10.0.0.1/           | false",
                "10.0.0.0/              | http://10.0.0.0/           | false",
                "2001:db8::/32          | http://[2001:db8:7::1]/    | true",
                "2001:db8::/32          | http://[2001:db9::1]/      | false",
                "2001:db8::1            | http://[2001:db8:0::1]/    | true",
                "[2001:db8::1]:80       | http://[2001:db8::1]/      | true",
                "[2001:db8::1]:81       | http://[2001:db8::1]/      | false",
                "' , ,store ,'          | http://store/              | true",
                ":80                    | http://store/              | false",
            })
    void exceptionsAreReadAsPrometheusReadsThem(String list, URI url, boolean direct) {
        ProxySettings proxies = ProxySettings.of(PROXY).except(list);
        assertThat(proxies.proxyFor(url)).isEqualTo(direct ? null : PROXY);
        assertThat(proxies.headersFor(url)).isEmpty();
    }

    @Test
    void withoutExceptionsEveryServerIsAskedThroughTheProxy() {
        ProxySettings proxies = ProxySettings.of(URI.create("HTTP://proxy/"));
        for (String url : new String[] {"http://localhost/", "https://store/", "http://a_b:80/"}) {
            assertThat(proxies.proxyFor(URI.create(url))).isEqualTo(URI.create("http://proxy:80"));
        }
    }

    @Test
    void environmentHasAProxyForEachScheme() {
        ProxySettings proxies = ProxySettings.fromEnvironment(Map.of(
                "HTTP_PROXY", "first:1",
                "http_proxy", "http://ignored:1",
                "HTTPS_PROXY", " ",
                "https_proxy", "http://second",
                "no_proxy", "store")::get);
        assertThat(proxies.proxyFor(URI.create("http://a/"))).isEqualTo(URI.create("http://first:1"));
        assertThat(proxies.proxyFor(URI.create("https://a/"))).isEqualTo(URI.create("http://second:80"));
        assertThat(proxies.proxyFor(URI.create("https://store/"))).isNull();
        assertThat(proxies.proxyFor(URI.create("http://127.0.0.1/"))).isNull();
        assertThat(proxies).hasToString("ProxySettings[http: http://first:1, https: http://second:80]");
        assertThat(ProxySettings.fromEnvironment(Map.of("HTTPS_PROXY", "p:1")::get)
                        .proxyFor(URI.create("http://a/")))
                .isNull();
        assertThat(ProxySettings.fromEnvironment(Map.of("NO_PROXY", "a")::get)).isNull();
    }

    @Test
    void proxyIsToldWhoAsksAndNobodyElseSeesIt() {
        HttpSettings settings = HttpSettings.builder()
                .proxy(ProxySettings.of(URI.create("http://me:hunter2%21@proxy:1"))
                        .except("store")
                        .connectHeader("Proxy-Key", "hunter2"))
                .build();
        String basic = "Basic bWU6aHVudGVyMiE=";
        assertThat(settings.proxyHeaders(URI.create("http://a/"))).isEqualTo(Map.of("Proxy-Authorization", basic));
        assertThat(settings.proxyHeaders(URI.create("https://a/")))
                .isEqualTo(Map.of("Proxy-Authorization", basic, "Proxy-Key", "hunter2"));
        assertThat(settings.proxyHeaders(URI.create("https://store/"))).isEmpty();
        assertThat(HttpSettings.DEFAULTS.proxyHeaders(URI.create("https://a/"))).isEmpty();
        assertThat(settings.toString()).contains("http://proxy:1", "Proxy-Key").doesNotContain("hunter2", "me:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"socks5://me:hunter2@p:1", "https://me:hunter2@p:1", "http://me:hunter2@a_b:1"})
    void otherProxiesAreRefusedWithoutShowingTheirPassword(String proxy) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().proxy(URI.create(proxy)))
                .withMessageContaining("expected http and a host")
                .withMessageNotContaining("hunter2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxySettings.fromEnvironment(Map.of("HTTP_PROXY", proxy.replace(":1", " "))::get))
                .withMessageContaining("HTTP_PROXY")
                .withMessageNotContaining("hunter2");
    }

    @Test
    void onlyHeadersThatGoNoFurtherAreTaken() {
        ProxySettings proxies = ProxySettings.of(PROXY);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> proxies.connectHeader("X-Key", "hunter2"))
                .withMessageContaining("begins with Proxy-")
                .withMessageNotContaining("hunter2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> proxies.connectHeader("Proxy-Key", "hunter2\n"))
                .withMessageContaining("Proxy-Key")
                .withMessageNotContaining("hunter2");
    }
}
