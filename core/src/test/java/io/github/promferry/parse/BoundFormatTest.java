package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against all numbers of digits, one after the other: the first that reads back. */
class BoundFormatTest {
    private static final int MANY = 100_000;

    @ParameterizedTest
    @CsvSource({
        "0, 0.0",
        "-0.0, 0.0",
        "1, 1.0",
        "-1, -1.0",
        "0.001, 0.001",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "999999, 999999.0",
        "1000000, 1e+06",
        "1234567, 1.234567e+06",
        "1e21, 1e+21",
        "2e23, 2e+23",
        "4.9E-324, 5e-324",
        "0.99, 0.99",
        "NaN, NaN",
        "Infinity, +Inf",
        "-Infinity, -Inf"
    })
    void asPrometheusStoresThem(double bound, String expected) {
        assertThat(BoundFormat.format(bound)).isEqualTo(expected);
    }

    @Test
    void shortestPlainNumbers() {
        Random random = new Random(1);
        for (int i = 0; i < MANY; i++) {
            checkPlain(random.nextInt(1_000_000) / Math.pow(10, random.nextInt(6)));
            checkPlain(random.nextDouble() * Math.pow(10, random.nextInt(9) - 2));
        }
    }

    private static void checkPlain(double bound) {
        if (bound < 1e-3 || bound >= 1e6) {
            return;
        }
        int digits = 1;
        while (new BigDecimal(bound, new MathContext(digits)).doubleValue() != bound) {
            digits++;
        }
        String plain = new BigDecimal(bound, new MathContext(digits))
                .stripTrailingZeros()
                .toPlainString();
        assertThat(BoundFormat.format(bound)).isEqualTo(plain.contains(".") ? plain : plain + ".0");
    }
}
