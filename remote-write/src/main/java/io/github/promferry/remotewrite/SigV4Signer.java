package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * AWS Signature Version 4, as Amazon Managed Service for Prometheus asks for. Immutable and thread-safe.
 *
 * <pre>{@code
 * RemoteWriteConfig.builder(url).signer(SigV4Signer.of("eu-central-1", () -> keysFromSomewhere()))
 * }</pre>
 *
 * @since 0.1
 */
public final class SigV4Signer implements RequestSigner {
    /** The service name of Amazon Managed Service for Prometheus. */
    public static final String MANAGED_PROMETHEUS = "aps";

    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String TERMINATOR = "aws4_request";

    /** Of a parameter's name and value while they are sorted; below all that is left unencoded. */
    private static final String SEPARATOR = "\n";

    private static final DateTimeFormatter DATE_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /**
     * What requests are signed with.
     *
     * @param accessKey the access key's id
     * @param secretKey the secret access key
     * @param sessionToken of temporary keys, else null
     * @since 0.1
     */
    public record Keys(
            String accessKey, String secretKey, @Nullable String sessionToken) {
        /**
         * Rejects nulls.
         *
         * @param accessKey the access key's id
         * @param secretKey the secret access key
         * @param sessionToken of temporary keys, else null
         */
        public Keys {
            Objects.requireNonNull(accessKey, "accessKey");
            Objects.requireNonNull(secretKey, "secretKey");
        }

        /** The access key's id alone. */
        @Override
        public String toString() {
            return "Keys[" + accessKey + "]";
        }
    }

    private final String region;
    private final String service;
    private final Supplier<Keys> keys;
    private final Clock clock;

    private SigV4Signer(String region, String service, Supplier<Keys> keys, Clock clock) {
        this.region = Objects.requireNonNull(region, "region");
        this.service = Objects.requireNonNull(service, "service");
        this.keys = Objects.requireNonNull(keys, "keys");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    /**
     * A signer for Amazon Managed Service for Prometheus.
     *
     * @param region such as {@code eu-central-1}
     * @param keys asked for each attempt, so that temporary keys can be renewed; fast and thread-safe
     * @return a signer
     */
    public static SigV4Signer of(String region, Supplier<Keys> keys) {
        return of(region, MANAGED_PROMETHEUS, keys, Clock.SYSTEM);
    }

    /**
     * A signer for any service.
     *
     * @param region such as {@code eu-central-1}
     * @param service the service's name in signatures
     * @param keys asked for each attempt; fast and thread-safe
     * @param clock tells the date of the signature, which must be right within minutes
     * @return a signer
     */
    public static SigV4Signer of(String region, String service, Supplier<Keys> keys, Clock clock) {
        return new SigV4Signer(region, service, keys, clock);
    }

    @Override
    public Map<String, String> sign(URI url, Map<String, String> headers, byte[] body) throws IOException {
        Map<String, String> signed = new TreeMap<>();
        signed.put("host", url.getPort() < 0 ? url.getHost() : url.getHost() + ":" + url.getPort());
        return sign("POST", url, signed, body);
    }

    /**
     * Returns the headers to add.
     *
     * @param signed the headers to sign, names in lower case; the date and the session token are added
     */
    Map<String, String> sign(String method, URI url, Map<String, String> signed, byte[] body) throws IOException {
        try {
            Keys current = keys.get();
            String dateTime = DATE_TIME.format(Instant.ofEpochMilli(clock.wallMillis()));
            String date = dateTime.substring(0, 8);
            Map<String, String> added = new TreeMap<>();
            added.put("x-amz-date", dateTime);
            if (current.sessionToken() != null) {
                added.put("x-amz-security-token", current.sessionToken());
            }
            Map<String, String> all = new TreeMap<>(signed);
            all.putAll(added);

            String names = String.join(";", all.keySet());
            StringBuilder canonical = new StringBuilder(method)
                    .append('\n')
                    .append(canonicalPath(url))
                    .append('\n')
                    .append(canonicalQuery(url))
                    .append('\n');
            all.forEach((name, value) -> canonical
                    .append(name)
                    .append(':')
                    .append(value.strip().replaceAll(" +", " "))
                    .append('\n'));
            canonical.append('\n').append(names).append('\n').append(hex(sha256(body)));

            String scope = date + "/" + region + "/" + service + "/" + TERMINATOR;
            String toSign = ALGORITHM + "\n" + dateTime + "\n" + scope + "\n"
                    + hex(sha256(canonical.toString().getBytes(UTF_8)));
            String signature = hex(hmac(signingKey(current.secretKey(), date), toSign));
            added.put(
                    "Authorization",
                    ALGORITHM + " Credential=" + current.accessKey() + "/" + scope + ", SignedHeaders=" + names
                            + ", Signature=" + signature);
            return added;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot sign: " + e.getMessage(), e);
        }
    }

    byte[] signingKey(String secretKey, String date) throws GeneralSecurityException {
        byte[] key = hmac(("AWS4" + secretKey).getBytes(UTF_8), date);
        return hmac(hmac(hmac(key, region), service), TERMINATOR);
    }

    /** Every service but S3 wants the path of the request line encoded once more. */
    private static String canonicalPath(URI url) {
        String path = url.getRawPath();
        if (path == null || path.isEmpty()) {
            return "/";
        }
        StringBuilder encoded = new StringBuilder();
        for (String segment : path.split("/", -1)) {
            encoded.append('/').append(encode(segment));
        }
        return encoded.substring(1);
    }

    static String canonicalQuery(URI url) {
        if (url.getRawQuery() == null) {
            return "";
        }
        List<String> parameters = new ArrayList<>();
        for (String parameter : url.getRawQuery().split("&", -1)) {
            if (parameter.isEmpty()) {
                continue;
            }
            int equals = parameter.indexOf('=');
            String name = equals < 0 ? parameter : parameter.substring(0, equals);
            String value = equals < 0 ? "" : parameter.substring(equals + 1);
            parameters.add(encode(decode(name)) + SEPARATOR + encode(decode(value)));
        }
        Collections.sort(parameters);
        return String.join("&", parameters).replace(SEPARATOR, "=");
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
    }

    private static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean plain = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '-'
                    || c == '_'
                    || c == '.'
                    || c == '~';
            if (plain) {
                encoded.append(c);
            } else {
                encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    private static byte[] sha256(byte[] bytes) throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256").digest(bytes);
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(UTF_8));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public String toString() {
        return "SigV4Signer[" + region + ", " + service + "]";
    }
}
