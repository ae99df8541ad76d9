package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScrapeLimitsTest {
    @Test
    void aBuilderKeepsEveryLimit() {
        ScrapeLimits limits = new ScrapeLimits(1, 2, 3, Duration.ofSeconds(4), 5, 6, 7, 8, 9);
        assertThat(limits.toBuilder().build()).isEqualTo(limits);
        assertThat(ScrapeLimits.DEFAULTS)
                .isEqualTo(new ScrapeLimits(16 << 20, 0, 0, Duration.ofMinutes(10), 0, 0, 0, 0, 0));
    }
}
