package io.github.promferry.examples.config;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.OAuth2Credentials;
import io.github.promferry.http.ProxySettings;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The HTTP client options that Prometheus' scrape and remote_write blocks share. */
final class HttpClientBlock {
    static final KeyTable KEYS = KeyTable.of("HTTP client")
            .used(
                    "basic_auth",
                    "authorization",
                    "bearer_token",
                    "bearer_token_file",
                    "oauth2",
                    "http_headers",
                    "follow_redirects",
                    "tls_config",
                    "enable_http2",
                    "proxy_url",
                    "no_proxy",
                    "proxy_from_environment",
                    "proxy_connect_header");

    static final KeyTable BASIC_AUTH = KeyTable.of("basic_auth")
            .used("username", "password", "password_file")
            .refused("username_file", "write username, or ${env:NAME}")
            .refusedAll("secret providers are not known here", "username_ref", "password_ref");

    static final KeyTable AUTHORIZATION = KeyTable.of("authorization")
            .used("type", "credentials", "credentials_file")
            .refused("credentials_ref", "secret providers are not known here");

    static final KeyTable OAUTH2 = KeyTable.of("oauth2")
            .used(
                    "client_id",
                    "client_secret",
                    "client_secret_file",
                    "token_url",
                    "scopes",
                    "endpoint_params",
                    "tls_config",
                    "proxy_url",
                    "no_proxy",
                    "proxy_from_environment",
                    "proxy_connect_header")
            .refused("grant_type", "only client_credentials is", "client_credentials")
            .refusedAll(
                    "only the client_credentials grant is",
                    "client_certificate_key",
                    "client_certificate_key_file",
                    "client_certificate_key_id",
                    "signature_algorithm",
                    "iss",
                    "audience",
                    "claims")
            .refusedAll("secret providers are not known here", "client_secret_ref", "client_certificate_key_ref");

    static final KeyTable HEADER = KeyTable.of("http_headers.NAME")
            .used("values", "secrets")
            .refused("files", "write secrets: [\"${env:NAME}\"]");

    /** The ways to say who asks; at most one may be used. */
    static final List<String> WAYS_TO_AUTHENTICATE =
            List.of("basic_auth", "authorization", "bearer_token", "bearer_token_file", "oauth2");

    private HttpClientBlock() {}

    /** Adds the settings that a scrape or remote_write block asks for. */
    static void fill(HttpSettings.Builder settings, Block block) {
        if (WAYS_TO_AUTHENTICATE.stream().anyMatch(block::has)) {
            settings.credentials(credentials(block));
        }
        settings.followRedirects(block.flag("follow_redirects", true));
        TlsBlock.fill(settings, block, "tls_config", TlsBlock.PROMETHEUS);
        settings.http2(block.flag("enable_http2", false));
        prometheusProxies(settings, block);
        Block headers = block.openBlock("http_headers");
        for (String name : headers.keys()) {
            Block header = headers.block(name, HEADER);
            List<String> values = header.strings("values");
            List<String> secrets = header.strings("secrets");
            if (values.size() + secrets.size() == 1) {
                addHeader(settings, headers, name, values.isEmpty() ? secrets.get(0) : values.get(0));
            } else {
                headers.error(
                        name,
                        "expected exactly one value in values or secrets, found " + (values.size() + secrets.size()));
            }
        }
    }

    /** Adds the proxy that the collector would use: the one under {@code proxy_url}, or else the environment's. */
    static void collectorProxies(HttpSettings.Builder settings, Block block) {
        ProxySettings proxies = block.string("proxy_url", "").isEmpty() ? environment(block, "proxy_url") : url(block);
        if (proxies != null) {
            settings.proxy(proxies);
        }
    }

    /** Adds what the four keys for proxies say, which go together as Prometheus checks them. */
    private static void prometheusProxies(HttpSettings.Builder settings, Block block) {
        boolean hasUrl = !block.string("proxy_url", "").isEmpty();
        boolean fromEnvironment = block.flag("proxy_from_environment", false);
        String except = block.string("no_proxy", "");
        if (hasUrl && fromEnvironment) {
            block.error("proxy_from_environment", "only one of proxy_url and proxy_from_environment can be used");
        } else if (!except.isEmpty() && !hasUrl) {
            block.error("no_proxy", "proxy_url is missing; with proxy_from_environment, NO_PROXY is used");
        } else if (block.has("proxy_connect_header") && !hasUrl && !fromEnvironment) {
            block.error("proxy_connect_header", "proxy_url or proxy_from_environment is missing");
        }
        ProxySettings proxies =
                fromEnvironment ? environment(block, "proxy_from_environment") : hasUrl ? url(block) : null;
        if (proxies != null) {
            proxies = except.isEmpty() ? proxies : proxies.except(except);
            settings.proxy(withConnectHeaders(proxies, block));
        }
    }

    private static ProxySettings withConnectHeaders(ProxySettings proxies, Block block) {
        ProxySettings with = proxies;
        Block headers = block.openBlock("proxy_connect_header");
        for (String name : headers.keys()) {
            List<String> values = headers.strings(name);
            if (values.size() != 1) {
                headers.error(name, "expected a list of one value, found " + values.size());
                continue;
            }
            try {
                with = with.connectHeader(name, values.get(0));
            } catch (IllegalArgumentException e) {
                headers.error(name, e);
            }
        }
        return with;
    }

    private static @Nullable ProxySettings url(Block block) {
        try {
            return ProxySettings.of(new URI(block.string("proxy_url", "")));
        } catch (URISyntaxException e) {
            // Its message quotes the URL, which may hold a password.
            block.error("proxy_url", "not a URL: " + e.getReason() + " at index " + e.getIndex());
        } catch (IllegalArgumentException e) {
            block.error("proxy_url", e);
        }
        return null;
    }

    private static @Nullable ProxySettings environment(Block block, String key) {
        try {
            return ProxySettings.fromEnvironment(block.file().environment());
        } catch (IllegalArgumentException e) {
            block.file().error(block.has(key) ? block.place(key) : block.place(), block.path() + ": " + e.getMessage());
            return null;
        }
    }

    /** Adds the headers of a plain name-to-value mapping. */
    static void addHeaders(HttpSettings.Builder settings, Block block, String key) {
        Block names = block.openBlock(key);
        for (Map.Entry<String, String> header : block.stringMap(key).entrySet()) {
            addHeader(settings, names, header.getKey(), header.getValue());
        }
    }

    private static void addHeader(HttpSettings.Builder settings, Block names, String name, String value) {
        try {
            settings.header(name, value);
        } catch (IllegalArgumentException e) {
            names.error(name, e);
        }
    }

    private static Credentials credentials(Block block) {
        List<String> ways = WAYS_TO_AUTHENTICATE.stream().filter(block::has).toList();
        if (ways.size() > 1) {
            block.error(ways.get(1), "only one of " + String.join(", ", ways) + " can be used");
        }
        if (block.has("basic_auth")) {
            return basic(block.block("basic_auth", BASIC_AUTH));
        }
        if (block.has("authorization")) {
            return authorization(block.block("authorization", AUTHORIZATION));
        }
        if (block.has("oauth2")) {
            return oauth2(block.block("oauth2", OAUTH2));
        }
        String token = block.string("bearer_token");
        if (token != null) {
            return checked(block, "bearer_token", () -> Credentials.bearer(token));
        }
        String tokenFile = block.string("bearer_token_file");
        return tokenFile == null
                ? Credentials.none()
                : Credentials.bearer(block.file().path(tokenFile));
    }

    /** Basic authentication with username and password or password_file; also the collector's client_auth. */
    static Credentials basic(Block block) {
        String user = block.string("username", "");
        String password = block.string("password");
        String passwordFile = block.string("password_file");
        if (password != null && passwordFile != null) {
            block.error("password_file", "only one of password and password_file can be used");
        }
        if (passwordFile != null) {
            return checked(
                    block,
                    "username",
                    () -> Credentials.basic(user, block.file().path(passwordFile)));
        }
        return checked(block, "username", () -> Credentials.basic(user, password == null ? "" : password));
    }

    private static Credentials authorization(Block block) {
        String type = block.string("type", "Bearer").strip();
        String secret = block.string("credentials");
        String secretFile = block.string("credentials_file");
        if (type.equalsIgnoreCase("basic")) {
            block.error("type", "\"" + type + "\": use basic_auth instead");
        } else if (secret == null && secretFile == null) {
            block.file().error(block.place(), block.path() + ": credentials or credentials_file is missing");
        } else if (secret != null && secretFile != null) {
            block.error("credentials_file", "only one of credentials and credentials_file can be used");
        } else if (secretFile != null) {
            return checked(
                    block,
                    "type",
                    () -> Credentials.authorization(type, block.file().path(secretFile)));
        } else if (secret != null) {
            return checked(block, "credentials", () -> Credentials.authorization(type, secret));
        }
        return Credentials.none();
    }

    /** The client credentials grant; the token server has TLS and proxy settings of its own. */
    private static Credentials oauth2(Block block) {
        String id = block.required("client_id");
        String url = block.required("token_url");
        String secret = block.string("client_secret");
        String secretFile = block.string("client_secret_file");
        if ((secret == null) == (secretFile == null)) {
            block.file().error(block.place(), block.path() + ": expected one of client_secret and client_secret_file");
            return Credentials.none();
        }
        HttpSettings.Builder http = HttpSettings.builder();
        TlsBlock.fill(http, block, "tls_config", TlsBlock.PROMETHEUS);
        prometheusProxies(http, block);
        List<String> scopes = block.strings("scopes");
        Map<String, String> parameters = block.stringMap("endpoint_params");
        return checked(block, "token_url", () -> {
            OAuth2Credentials.Secret given = () -> secretFile == null
                    ? String.valueOf(secret)
                    : Files.readString(block.file().path(secretFile)).strip();
            OAuth2Credentials.Builder oauth2 = OAuth2Credentials.builder(URI.create(url), id, given);
            parameters.forEach(oauth2::parameter);
            return oauth2.scope(scopes.toArray(String[]::new))
                    .http(http.build())
                    .build();
        });
    }

    /** What the library refuses becomes an error of the file; its messages show no secret. */
    private static Credentials checked(Block block, String key, Supplier<Credentials> credentials) {
        try {
            return credentials.get();
        } catch (IllegalArgumentException e) {
            block.error(key, e);
            return Credentials.none();
        }
    }
}
