package io.github.promferry.examples.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PromQlNeedsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', emptyValue = "", textBlock = """
            # expression                                              | metrics   | met if there are
            a                                                         | a         | a
            rate(a_total[5m])                                         | a_total   | a_total
            vllm:x{model_name="$model_name"}                          | vllm:x    | vllm:x
            sum by(le) (rate(a_bucket{m=~"$m"}[$__rate_interval]))    | a_bucket  | a_bucket
            sum(increase(a[1m])) by (le)                              | a         | a
            histogram_quantile(0.99, sum by (le) (rate(a[1m])))       | a         | a
            a{x="b or c{}"} / d                                       | a d       | a d
            a or b                                                    | a b       | b
            (a or b) / c                                              | a b c     | b c
            a or (b and c)                                            | a b c     | a
            a unless b                                                | a b       | a
            (a unless on (job) b) or c                                | a b c     | c
            max by (x) (a) > 0 and on (y) b == bool 1                 | a b       | a b
            a * on (instance) group_left (model) b                    | a b       | a b
            label_replace(a, "x", "$1", "y", "(.*)")                  | a         | a
            a offset 5m                                               | a         | a
            clamp_max(sum(a) / sum(b), 1) or vector(0)                | a b       | ``
            """)
    void findsTheMetricsOfAnExpression(String expression, String names, String present) {
        PromQlNeeds needs = PromQlNeeds.of(expression);

        assertThat(String.join(" ", needs.names())).isEqualTo(names);
        Set<String> some = Set.of(present.split(" ", -1));
        assertThat(needs.areMetBy(need -> some.contains(need.name()))).isTrue();
        // Nothing of that can be missing.
        some.stream()
                .filter(name -> !name.isEmpty())
                .forEach(missing -> assertThat(needs.areMetBy(need ->
                                some.contains(need.name()) && !need.name().equals(missing)))
                        .isFalse());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '@', quoteCharacter = '`', textBlock = """
            # expression @ what it needs @ met by reason=abort
            a{reason="abort"} @ a with reason="abort" @ true
            a{reason="stop"} @ a with reason="stop" @ false
            a{reason=~"stop|abort", job="x"} @ a with reason=~"stop|abort" @ true
            a{reason=~"$reason", instance=~".*"} @ a @ true
            rate(a{reason!="abort"}[5m]) @ a with reason!="abort" @ false
            sum by (reason) (a{reason!~"s.*",le="1}("}) @ a with reason!~"s.*", le="1}(" @ false
            a{kind=~"total|"} @ a with kind=~"total|" @ true
            a{kind=""} and {x="y"} @ a with kind="" @ true
            """)
    void findsWhatLabelsHaveToBe(String expression, String expected, boolean met) {
        PromQlNeeds needs = PromQlNeeds.of(expression);

        assertThat(needs.needs()).singleElement().hasToString(expected);
        assertThat(needs.areMetBy(need -> need.isMetBy(Labels.of("__name__", "a", "reason", "abort"))))
                .isEqualTo(met);
    }
}
