package io.github.promferry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys made by {@code openssl ecparam -name CURVE -genkey -noout}, and by {@code openssl pkcs8 -topk8 -nocrypt} of them. */
class PemFilesTest {
    private static final String P256 = """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIOgtoBqOtYstYKwINKYNYhhDMjRaCWd1Mk2z71DgZTbToAoGCCqGSM49
            AwEHoUQDQgAEb3+8et4vbTmpKzBJokRK7kcK9LnhShB8KQfmbSIqVi4DV2kY48c8
            N32Cqc6oHs61UT0Kg0YE8zSlnXa9ZorD7g==
            -----END EC PRIVATE KEY-----
            """;
    private static final String P256_PKCS8 = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6C2gGo61iy1grAg0
            pg1iGEMyNFoJZ3UyTbPvUOBlNtOhRANCAARvf7x63i9tOakrMEmiREruRwr0ueFK
            EHwpB+ZtIipWLgNXaRjjxzw3fYKpzqgezrVRPQqDRgTzNKWddr1misPu
            -----END PRIVATE KEY-----
            """;
    private static final String P521 = """
            -----BEGIN EC PRIVATE KEY-----
            MIHcAgEBBEIBbeDiwMGo+/CZB4TzYfdOfAOr778nx3kwnsj1mXExO0oFRu1Mw3x5
            smql+1i5fiVhSNPGm4k4K7gIAoik8yFX1zygBwYFK4EEACOhgYkDgYYABAGlJWh1
            qXkMLjh9j97twZWcLYctJWvTP7ZhBHrV5XtV/Q6h+zMLmU211FxSBlAFdPrbFhfe
            Ycqq0ii2HF25PYg89AEdH1lAMLY8Q73JB90DDX3u4aOCAGceCFrO1S+L6jBPL2Fk
            23PThGqphSo+oSgLpA1+biY8Q1gjOC9AkaMCxi1+Nw==
            -----END EC PRIVATE KEY-----
            """;
    private static final String P521_PKCS8 = """
            -----BEGIN PRIVATE KEY-----
            MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBbeDiwMGo+/CZB4Tz
            YfdOfAOr778nx3kwnsj1mXExO0oFRu1Mw3x5smql+1i5fiVhSNPGm4k4K7gIAoik
            8yFX1zyhgYkDgYYABAGlJWh1qXkMLjh9j97twZWcLYctJWvTP7ZhBHrV5XtV/Q6h
            +zMLmU211FxSBlAFdPrbFhfeYcqq0ii2HF25PYg89AEdH1lAMLY8Q73JB90DDX3u
            4aOCAGceCFrO1S+L6jBPL2Fk23PThGqphSo+oSgLpA1+biY8Q1gjOC9AkaMCxi1+
            Nw==
            -----END PRIVATE KEY-----
            """;

    @TempDir
    Path folder;

    private ECPrivateKey key(String pem) throws IOException {
        return (ECPrivateKey) PemFiles.privateKey(Files.writeString(folder.resolve("key.pem"), pem));
    }

    static String[][] keys() {
        return new String[][] {{P256, P256_PKCS8}, {P521, P521_PKCS8}};
    }

    @ParameterizedTest
    @MethodSource("keys")
    void sec1IsTheKeyThatPkcs8Is(String sec1, String pkcs8) throws IOException {
        ECPrivateKey expected = key(pkcs8);
        ECPrivateKey read = key(sec1);
        assertThat(read.getS()).isEqualTo(expected.getS());
        assertThat(read.getParams().getCurve()).isEqualTo(expected.getParams().getCurve());
    }

    @Test
    void parametersBeforeTheKeyAreSteppedOver() throws IOException {
        String parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        assertThat(key(parameters + P256).getS()).isEqualTo(key(P256).getS());
    }

    @Test
    void sec1ThatIsCutOffOrBrokenIsRefusedWithItsFile() {
        String base64 = P256.replaceAll("-----.*-----|\n", "");
        byte[] sec1 = Base64.getDecoder().decode(base64);
        for (int length = 0; length < 49; length++) {
            byte[] cut = Arrays.copyOf(sec1, length);
            assertRefused(cut);
        }
        for (int at : new int[] {0, 5, 6, 39, 40, 41}) {
            byte[] broken = sec1.clone();
            broken[at] ^= (byte) 0x80;
            assertRefused(broken);
        }
    }

    private void assertRefused(byte[] sec1) {
        assertThatIOException()
                .isThrownBy(() -> key("-----BEGIN EC PRIVATE KEY-----\n"
                        + Base64.getEncoder().encodeToString(sec1) + "\n-----END EC PRIVATE KEY-----\n"))
                .withMessageContaining("key.pem");
    }

    @ParameterizedTest
    @ValueSource(strings = {"""
                -----BEGIN ENCRYPTED PRIVATE KEY-----
                AAAA
                -----END ENCRYPTED PRIVATE KEY-----
                """, """
                -----BEGIN RSA PRIVATE KEY-----
                Proc-Type: 4,ENCRYPTED
                DEK-Info: AES-128-CBC,00

                AAAA
                -----END RSA PRIVATE KEY-----
                """})
    void encryptedKeySaysHowToConvertIt(String pem) {
        assertThatIOException().isThrownBy(() -> key(pem)).withMessageContaining("openssl pkcs8 -topk8 -nocrypt");
    }
}
