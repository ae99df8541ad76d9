package io.github.promferry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
    @TempDir
    Path folder;

    @Test
    void noneSendsNoHeader() throws IOException {
        assertThat(Credentials.none().authorization()).isNull();
        assertThat(Credentials.none().canChange()).isFalse();
    }

    @Test
    void basicMatchesTheExamplesOfRfc7617() throws IOException {
        assertThat(Credentials.basic("Aladdin", "open sesame").authorization())
                .isEqualTo("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assertThat(Credentials.basic("test", "123\u00a3").authorization()).isEqualTo("Basic dGVzdDoxMjPCow==");
    }

    @Test
    void bearerIsTheSchemeAndTheToken() throws IOException {
        assertThat(Credentials.bearer("abc.def").authorization()).isEqualTo("Bearer abc.def");
        assertThat(Credentials.authorization("GenieKey", "k").authorization()).isEqualTo("GenieKey k");
    }

    @Test
    void changedFileIsPickedUpAtTheNextUse() throws IOException {
        Path file = folder.resolve("token");
        Credentials bearer = Credentials.bearer(file);
        Files.writeString(file, "one\n");
        assertThat(bearer.authorization()).isEqualTo("Bearer one");
        Files.writeString(file, "two");
        assertThat(bearer.authorization()).isEqualTo("Bearer two");
        assertThat(bearer.canChange()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret", "secret\n", "secret\r\n"})
    void lineBreakAtTheEndOfAPasswordFileIsNotPartOfThePassword(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("password"), content);
        assertThat(Credentials.basic("user", file).authorization())
                .isEqualTo(Credentials.basic("user", "secret").authorization());
    }

    @Test
    void onlyOneLineBreakIsCut() throws IOException {
        Path file = Files.writeString(folder.resolve("password"), "secret\n\n");
        assertThat(Credentials.basic("user", file).authorization())
                .isEqualTo(Credentials.basic("user", "secret\n").authorization());
    }

    @Test
    void missingFileIsAnIoFailureThatNamesTheFile() {
        Path file = folder.resolve("absent");
        assertThatIOException()
                .isThrownBy(Credentials.bearer(file)::authorization)
                .withMessageContaining(file.toString());
    }

    @ParameterizedTest
    @CsvSource({"''", "'to\nken'", "'t\u00f6ken'"})
    void tokenThatCannotStandInAHeaderIsRefusedWithoutShowingIt(String token) throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Credentials.bearer(token))
                .withMessageNotContaining("ken");
        Path file = Files.writeString(folder.resolve("f"), token);
        assertThatIOException()
                .isThrownBy(Credentials.bearer(file)::authorization)
                .withMessageContaining(file.toString())
                .withMessageNotContaining("ken");
    }

    @Test
    void userNameWithColonIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Credentials.basic("a:b", "p"));
        assertThatIllegalArgumentException().isThrownBy(() -> Credentials.basic("a:b", folder));
    }

    @Test
    void toStringHidesSecrets() throws IOException {
        Path file = Files.writeString(folder.resolve("f"), "hunter2");
        assertThat(Credentials.basic("me", "hunter2")).hasToString("Credentials[basic, user me]");
        assertThat(Credentials.bearer("hunter2")).hasToString("Credentials[Bearer]");
        assertThat(Credentials.basic("me", file).toString())
                .contains(file.toString())
                .doesNotContain("hunter2");
        assertThat(Credentials.bearer(file).toString())
                .contains(file.toString())
                .doesNotContain("hunter2");
    }
}
