package io.github.promferry.examples.config;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The HTTP client options that Prometheus' scrape and remote_write blocks share: who asks, redirects, headers. */
final class HttpClientBlock {
    static final KeyTable KEYS = KeyTable.of("HTTP client")
            .used(
                    "basic_auth",
                    "authorization",
                    "bearer_token",
                    "bearer_token_file",
                    "http_headers",
                    "follow_redirects")
            .noEffect("enable_http2", "HTTP/1.1 is used", "false")
            .refused("tls_config", "TLS uses the JVM's trust store only; more comes in a later version")
            .refused("oauth2", "use basic_auth or authorization")
            .refusedAll("connections are direct", "proxy_url", "proxy_connect_header")
            .refused("proxy_from_environment", "connections are direct", "false")
            .noEffect("no_proxy", "no proxy is used");

    static final KeyTable BASIC_AUTH = KeyTable.of("basic_auth")
            .used("username", "password", "password_file")
            .refused("username_file", "write username, or ${env:NAME}")
            .refusedAll("secret providers are not known here", "username_ref", "password_ref");

    static final KeyTable AUTHORIZATION = KeyTable.of("authorization")
            .used("type", "credentials", "credentials_file")
            .refused("credentials_ref", "secret providers are not known here");

    static final KeyTable HEADER = KeyTable.of("http_headers.NAME")
            .used("values", "secrets")
            .refused("files", "write secrets: [\"${env:NAME}\"]");

    /** The ways to say who asks; at most one may be used. */
    private static final List<String> WAYS_TO_AUTHENTICATE =
            List.of("basic_auth", "authorization", "bearer_token", "bearer_token_file");

    private HttpClientBlock() {}

    /** Adds the settings that a scrape or remote_write block asks for. */
    static void fill(HttpSettings.Builder settings, Block block) {
        if (WAYS_TO_AUTHENTICATE.stream().anyMatch(block::has)) {
            settings.credentials(credentials(block));
        }
        settings.followRedirects(block.flag("follow_redirects", true));
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
