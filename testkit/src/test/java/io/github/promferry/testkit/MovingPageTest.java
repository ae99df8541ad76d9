package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MovingPageTest {
    private static final String PAGE = """
            # HELP r Requests.
            # TYPE r counter
            r{a="x y"} 2.5
            # TYPE g gauge
            g 7
            # TYPE h histogram
            h_sum{a="1"} 1.5
            h_bucket{a="1",le="0.1"} 3
            h_bucket{a="1",le="2.0"} 4
            h_bucket{a="1",le="+Inf"} 4
            h_count{a="1"} 4
            h_bucket{le="1", a="2"} 0
            h_bucket{le="+Inf", a="2"} 0
            h_sum{a="2"} 0
            h_count{a="2"} 0
            # TYPE bare histogram
            bare_bucket{le="1"} 5
            bare_bucket{le="+Inf"} 5
            bare_sum 5
            bare_count 5
            # TYPE s summary
            s{quantile="0.5"} 3
            s_sum 10
            s_count 4
            untyped_total 5
            """;

    @Test
    void thePageStartsAsItWas() {
        assertThat(values(MovingPage.of(PAGE).after(0))).isEqualTo(values(PAGE));
    }

    @Test
    void whatCountsGrowsAndHistogramsAddUp() {
        assertThat(MovingPage.of(PAGE).after(2)).isEqualTo("""
                # HELP r Requests.
                # TYPE r counter
                r{a="x y"} 4.5
                # TYPE g gauge
                g 7
                # TYPE h histogram
                h_sum{a="1"} 7.5
                h_bucket{a="1",le="0.1"} 5.0
                h_bucket{a="1",le="2.0"} 8.0
                h_bucket{a="1",le="+Inf"} 10.0
                h_count{a="1"} 10.0
                h_bucket{le="1", a="2"} 2.0
                h_bucket{le="+Inf", a="2"} 4.0
                h_sum{a="2"} 4.0
                h_count{a="2"} 4.0
                # TYPE bare histogram
                bare_bucket{le="1"} 7.0
                bare_bucket{le="+Inf"} 9.0
                bare_sum 9.0
                bare_count 9.0
                # TYPE s summary
                s{quantile="0.5"} 3
                s_sum 12.0
                s_count 6.0
                untyped_total 5
                """);
    }

    private static String values(String page) {
        return page.replaceAll("(?m)\\.0$", "");
    }
}
