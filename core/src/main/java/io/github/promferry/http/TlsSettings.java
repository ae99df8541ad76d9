package io.github.promferry.http;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS from PEM files: whom to trust, and who we are. Files are read when a connection is made and again when they have
 * changed, so that rotated certificates need no restart. Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class TlsSettings {
    private static final List<String> VERSIONS = List.of("TLSv1.2", "TLSv1.3");

    private final @Nullable Path caFile;
    private final @Nullable Path certificateFile;
    private final @Nullable Path keyFile;
    private final boolean insecureSkipVerify;
    private final String minVersion;

    private TlsSettings(Builder builder) {
        caFile = builder.caFile;
        certificateFile = builder.certificateFile;
        keyFile = builder.keyFile;
        insecureSkipVerify = builder.insecureSkipVerify;
        minVersion = builder.minVersion;
    }

    /**
     * A builder that trusts whom the JVM trusts, shows no certificate, and speaks TLS 1.2 and 1.3.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads all files once, to find mistakes early.
     *
     * @throws IOException if one cannot be read or does not hold what it should; the message names it
     */
    public void check() throws IOException {
        if (caFile != null) {
            PemFiles.certificates(caFile);
        }
        if (certificateFile != null && keyFile != null) {
            PemFiles.certificates(certificateFile);
            PemFiles.privateKey(keyFile);
        }
    }

    /**
     * A context for clients. Reads no file yet: what is wrong with one is told by the first handshake, or by {@link
     * #check()}.
     *
     * @return a new context
     */
    public SSLContext newContext() {
        KeyManager[] keys = certificateFile == null || keyFile == null
                ? null
                : new KeyManager[] {new PemKeyManager(certificateFile, keyFile)};
        TrustManager[] trust = insecureSkipVerify
                ? new TrustManager[] {new TrustAll()}
                : caFile == null ? null : new TrustManager[] {new PemTrustManager(caFile)};
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trust, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    SSLParameters parameters() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(
                VERSIONS.subList(VERSIONS.indexOf(minVersion), VERSIONS.size()).toArray(String[]::new));
        return parameters;
    }

    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        if (caFile != null) {
            parts.add("ca=" + caFile);
        }
        if (certificateFile != null) {
            parts.add("certificate=" + certificateFile + ", key=" + keyFile);
        }
        if (insecureSkipVerify) {
            parts.add("insecureSkipVerify");
        }
        parts.add("min=" + minVersion);
        return "TlsSettings[" + String.join(", ", parts) + "]";
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private @Nullable Path caFile;
        private @Nullable Path certificateFile;
        private @Nullable Path keyFile;
        private boolean insecureSkipVerify;
        private String minVersion = "TLSv1.2";

        private Builder() {}

        /**
         * Trusts the certificates in a file instead of those that the JVM trusts.
         *
         * @param caFile one or more certificates in PEM
         * @return this
         */
        public Builder caFile(Path caFile) {
            this.caFile = Objects.requireNonNull(caFile, "caFile");
            return this;
        }

        /**
         * Shows a certificate to servers that ask for one.
         *
         * @param certificateFile the certificate in PEM, followed by those that lead to a root
         * @param keyFile its private key in PEM, not encrypted: PKCS #8, PKCS #1 for RSA, or SEC 1 for EC
         * @return this
         */
        public Builder certificate(Path certificateFile, Path keyFile) {
            this.certificateFile = Objects.requireNonNull(certificateFile, "certificateFile");
            this.keyFile = Objects.requireNonNull(keyFile, "keyFile");
            return this;
        }

        /**
         * Talks to anybody, whatever certificate is shown, if any name matches or not. For tests only.
         *
         * @param insecureSkipVerify false by default
         * @return this
         */
        public Builder insecureSkipVerify(boolean insecureSkipVerify) {
            this.insecureSkipVerify = insecureSkipVerify;
            return this;
        }

        /**
         * The oldest version to speak.
         *
         * @param minVersion {@code TLSv1.2}, the default, or {@code TLSv1.3}
         * @return this
         * @throws IllegalArgumentException for any other
         */
        public Builder minVersion(String minVersion) {
            if (!VERSIONS.contains(minVersion)) {
                throw new IllegalArgumentException("TLS version \"" + minVersion + "\", expected one of " + VERSIONS);
            }
            this.minVersion = minVersion;
            return this;
        }

        /**
         * The settings.
         *
         * @return immutable settings
         */
        public TlsSettings build() {
            return new TlsSettings(this);
        }
    }
}
