package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyTableTest {
    @ParameterizedTest
    @CsvSource({
        "'', '', 0",
        "url, url, 0",
        "url, urls, 1",
        "ulr, url, 1",
        "scrape_intervall, scrape_interval, 1",
        "job, name, 4",
        "abcd, acbd, 1",
    })
    void editDistanceCountsTypingMistakes(String a, String b, int distance) {
        assertThat(KeyTable.editDistance(a, b)).isEqualTo(distance);
        assertThat(KeyTable.editDistance(b, a)).isEqualTo(distance);
    }

    @Test
    void theNearestKeyIsProposed() {
        List<String> keys = List.of("scrape_interval", "scrape_timeout", "job_name");

        assertThat(KeyTable.nearest("scrape_intreval", keys)).isEqualTo("scrape_interval");
        assertThat(KeyTable.nearest("jobname", keys)).isEqualTo("job_name");
        assertThat(KeyTable.nearest("xyzzy", keys)).isNull();
    }

    @Test
    void withoutANearKeyAllThatAreUsedAreListed() {
        KeyTable table = KeyTable.of("t").used("url", "name").noEffect("x", "y");

        assertThat(table.hint("completely_different")).isEqualTo("known keys are url, name");
        assertThat(table.hint("ulr")).isEqualTo("did you mean \"url\"?");
    }
}
