package io.github.promferry.examples.explain;

import static org.assertj.core.api.Assertions.assertThat;

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
        assertThat(needs.areMetBy(some::contains)).isTrue();
        // Nothing of that can be missing.
        some.stream()
                .filter(name -> !name.isEmpty())
                .forEach(missing -> assertThat(needs.areMetBy(name -> some.contains(name) && !name.equals(missing)))
                        .isFalse());
    }
}
