package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

class InstalledServerTest {
    @Test
    void aMissingServerSkipsTheTestOfANewcomerAndFailsThatOfTheBuildServer() {
        boolean onBuildServer = "true".equals(System.getenv("CI"));
        assertThatThrownBy(() -> InstalledServer.require("no-such-program-anywhere", "no-such-package"))
                .isInstanceOf(onBuildServer ? AssertionFailedError.class : TestAbortedException.class)
                .hasMessageContaining("\"no-such-program-anywhere\"")
                .hasMessageContaining("apt-get install no-such-package");
    }

    @Test
    void aServerThatIsThereIsFound() {
        assertThat(InstalledServer.require("sh", "dash")).isExecutable();
    }
}
