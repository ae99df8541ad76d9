package io.github.promferry.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and keys in PEM, RFC 7468. */
final class PemFiles {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

    /** Version 0 and the algorithm {@code rsaEncryption} without parameters, as PKCS #8 has before an RSA key. */
    private static final byte[] PKCS8_RSA = HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

    private static final byte[] VERSION_0 = HexFormat.of().parseHex("020100");

    /** The algorithm {@code id-ecPublicKey}. */
    private static final byte[] EC_PUBLIC_KEY = HexFormat.of().parseHex("06072a8648ce3d0201");

    private static final String TO_PKCS8 = "openssl pkcs8 -topk8 -nocrypt -in FILE";

    private PemFiles() {}

    private static final class Block {
        final String label;
        final byte[] content;

        Block(String label, byte[] content) {
            this.label = label;
            this.content = content;
        }
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file, ISO_8859_1);
        } catch (IOException e) {
            throw new IOException("cannot read " + file + " (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    private static List<Block> blocks(Path file) throws IOException {
        String text = text(file);
        List<Block> blocks = new ArrayList<>();
        for (Matcher at = BLOCK.matcher(text); at.find(); ) {
            try {
                blocks.add(new Block(at.group(1), Base64.getMimeDecoder().decode(at.group(2))));
            } catch (IllegalArgumentException e) {
                throw new IOException(file + ": the content of " + at.group(1) + " is not Base64", e);
            }
        }
        return blocks;
    }

    static List<X509Certificate> certificates(Path file) throws IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Block block : blocks(file)) {
                if (block.label.equals("CERTIFICATE")) {
                    certificates.add(
                            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.content)));
                }
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": not a certificate: " + e.getMessage(), e);
        }
        if (certificates.isEmpty()) {
            throw new IOException(file + ": expected a line -----BEGIN CERTIFICATE-----, found none");
        }
        return certificates;
    }

    static PrivateKey privateKey(Path file) throws IOException {
        for (Block block : blocks(file)) {
            switch (block.label) {
                case "PRIVATE KEY" -> {
                    return pkcs8(file, block.content);
                }
                case "RSA PRIVATE KEY" -> {
                    return pkcs8(file, wrapped(PKCS8_RSA, block.content));
                }
                case "EC PRIVATE KEY" -> {
                    return pkcs8(file, wrapped(pkcs8Ec(file, block.content), block.content));
                }
                case "ENCRYPTED PRIVATE KEY" ->
                    throw new IOException(
                            file + ": " + block.label + " is not understood; convert it with: " + TO_PKCS8);
                default -> {
                    // Certificates and parameters may stand in the same file.
                }
            }
        }
        // OpenSSL's own encryption, of before PKCS #8: headers in the block.
        if (text(file).contains("Proc-Type: 4,ENCRYPTED")) {
            throw new IOException(file + ": an encrypted private key is not understood; convert it with: " + TO_PKCS8);
        }
        throw new IOException(file + ": expected a line -----BEGIN PRIVATE KEY-----, found none");
    }

    private static PrivateKey pkcs8(Path file, byte[] encoded) throws IOException {
        for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
            } catch (GeneralSecurityException notThisOne) {
                // The encoding names its algorithm, but only the right factory reads it.
            }
        }
        throw new IOException(file + ": not a private key of RSA, EC or Ed25519");
    }

    /**
     * What PKCS #8 has before an EC key: version and algorithm, of which the curve is a part. RFC 5915 has the curve behind
     * the key, as an object identifier in a field tagged 0.
     */
    private static byte[] pkcs8Ec(Path file, byte[] sec1) throws IOException {
        // Of a sequence: its header, the version (three bytes), the key's octets.
        int key = (sec1.length > 1 && (sec1[1] & 0xFF) == 0x81 ? 3 : 2) + 3;
        int parameters = key + 2 + (key + 1 < sec1.length ? sec1[key + 1] & 0xFF : 0);
        if (sec1.length < parameters + 4
                || sec1[0] != 0x30
                || sec1[key] != 0x04
                || sec1[parameters] != (byte) 0xA0
                || sec1[parameters + 1] <= 0
                || sec1[parameters + 2] != 0x06
                || sec1.length < parameters + 2 + sec1[parameters + 1]) {
            throw new IOException(
                    file + ": an EC private key that does not name its curve; convert it with: " + TO_PKCS8);
        }
        ByteArrayOutputStream algorithm = new ByteArrayOutputStream();
        algorithm.writeBytes(EC_PUBLIC_KEY);
        algorithm.write(sec1, parameters + 2, sec1[parameters + 1]);
        ByteArrayOutputStream start = new ByteArrayOutputStream();
        start.writeBytes(VERSION_0);
        put(0x30, algorithm.toByteArray(), start);
        return start.toByteArray();
    }

    /** A key put into PKCS #8: RFC 5958, a sequence of version, algorithm and the key as octets. */
    private static byte[] wrapped(byte[] versionAndAlgorithm, byte[] key) {
        ByteArrayOutputStream inner = new ByteArrayOutputStream();
        inner.writeBytes(versionAndAlgorithm);
        put(0x04, key, inner);
        ByteArrayOutputStream outer = new ByteArrayOutputStream();
        put(0x30, inner.toByteArray(), outer);
        return outer.toByteArray();
    }

    private static void put(int tag, byte[] content, ByteArrayOutputStream out) {
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            // DER: as few bytes as the length needs, their number before them.
            byte[] length = BigInteger.valueOf(content.length).toByteArray();
            int from = length[0] == 0 ? 1 : 0;
            out.write(0x80 | (length.length - from));
            out.write(length, from, length.length - from);
        }
        out.writeBytes(content);
    }
}
