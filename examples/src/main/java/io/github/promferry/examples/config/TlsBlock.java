package io.github.promferry.examples.config;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.TlsSettings;
import java.util.Locale;

/** TLS settings, which both kinds of files have under nearly the same names. */
final class TlsBlock {
    private static final String BY_FILE = "write it to a file and name the file";

    static final KeyTable PROMETHEUS = KeyTable.of("tls_config")
            .used("ca_file", "cert_file", "key_file", "insecure_skip_verify", "min_version")
            .refusedAll(BY_FILE, "ca", "cert", "key")
            .refusedAll("secret providers are not known here", "ca_ref", "cert_ref", "key_ref")
            .refused("server_name", "the name in the address is the one that is verified")
            .refused("max_version", "newer versions cannot be ruled out");

    static final KeyTable COLLECTOR = KeyTable.of("exporters.prometheusremotewrite.tls")
            .used("ca_file", "cert_file", "key_file", "insecure_skip_verify", "min_version")
            .noEffect("insecure", "the scheme of the endpoint says whether TLS is used")
            .noEffect("reload_interval", "files are read again when they have changed")
            .refusedAll(BY_FILE, "ca_pem", "cert_pem", "key_pem")
            .refused("server_name_override", "the name in the endpoint is the one that is verified")
            .refused("max_version", "newer versions cannot be ruled out")
            .refusedAll("the JVM decides", "cipher_suites", "curve_preferences", "include_insecure_cipher_suites")
            .refused("include_system_ca_certs_pool", "put the certificates into ca_file", "false")
            .refused("tpm", "keys are read from files");

    private TlsBlock() {}

    /** Adds what the block under the key says, if there is one. */
    static void fill(HttpSettings.Builder settings, Block parent, String key, KeyTable table) {
        if (!parent.has(key)) {
            return;
        }
        Block block = parent.block(key, table);
        TlsSettings.Builder tls = TlsSettings.builder();
        String ca = block.string("ca_file", "");
        if (!ca.isEmpty()) {
            tls.caFile(block.file().path(ca));
        }
        String certificate = block.string("cert_file", "");
        String privateKey = block.string("key_file", "");
        if (certificate.isEmpty() != privateKey.isEmpty()) {
            block.error(
                    certificate.isEmpty() ? "key_file" : "cert_file",
                    "cert_file and key_file come together or not at all");
        } else if (!certificate.isEmpty()) {
            tls.certificate(block.file().path(certificate), block.file().path(privateKey));
        }
        tls.insecureSkipVerify(block.flag("insecure_skip_verify", false));
        String version = block.read("min_version", TlsBlock::version);
        if (version != null) {
            tls.minVersion(version);
        }
        settings.tls(tls.build());
    }

    /** {@code TLS12} in a Prometheus configuration, {@code 1.2} in the collector's. */
    private static String version(String written) {
        return switch (written.toUpperCase(Locale.ROOT)) {
            case "TLS12", "1.2" -> "TLSv1.2";
            case "TLS13", "1.3" -> "TLSv1.3";
            default ->
                throw new IllegalArgumentException(
                        "expected TLS12 or TLS13 (in the collector's configuration 1.2 or 1.3)");
        };
    }
}
