package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.MetricsPage.Client;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsPageTest {
    /** Left: Java; right: what floatToGoString of the Python client 0.25 prints. */
    @ParameterizedTest
    @CsvSource({
        "0, 0.0",
        "-0.0, -0.0",
        "7, 7.0",
        "-3, -3.0",
        "0.5, 0.5",
        "999999, 999999.0",
        "1000000, 1e+06",
        "1234567, 1.234567e+06",
        "8128902, 8.128902e+06",
        "1048576, 1.048576e+06",
        "-1000000, -1000000.0",
        "6634254336, 6.634254336e+09",
        "1768264339.8898673, 1.7682643398898673e+09",
        "12345678901.5, 1.23456789015e+010",
        "1e16, 1e+16",
        "1.5e300, 1.5e+300",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "1.883227378129959e-05, 1.883227378129959e-05",
        "0.0016200000000000001, 0.0016200000000000001",
        "2.2250738585072014E-308, 2.2250738585072014e-308",
        "4.9E-324, 5e-324",
        "2.0E-3, 0.002",
        "NaN, NaN",
        "Infinity, +Inf",
        "-Infinity, -Inf",
    })
    void printsNumbersAsPythonDoes(double value, String text) {
        assertThat(MetricsPage.pythonNumber(value)).isEqualTo(text);
    }

    @Property(tries = 2000)
    void everyPrintedNumberReadsBack(@ForAll long bits) {
        double value = Double.longBitsToDouble(bits);
        if (Double.isFinite(value)) {
            assertThat(Double.parseDouble(MetricsPage.pythonNumber(value))).isEqualTo(value);
        }
    }

    @Test
    void oneProcessPrintsBucketsFirstAndCreatedFamiliesLast() {
        MetricsPage page = new MetricsPage(Client.PYTHON, 1_768_264_339);
        page.histogram("lat", "a \\ b\nc", 0.5, 1)
                .common("z", "1")
                .of("a", "q\"\\\n")
                .observe(0.5);
        page.counter("req", "Requests.").of().add(2);
        page.gauge("up", "Up.").of().set(1);
        page.gauge("nothing", "Not on the page.");
        page.summary("bytes", "Bytes.").of().observe(10);
        assertThat(page.text()).isEqualTo("""
                        # HELP lat a \\\\ b\\nc
                        # TYPE lat histogram
                        lat_bucket{a="q\\"\\\\\\n",le="0.5",z="1"} 1.0
                        lat_bucket{a="q\\"\\\\\\n",le="1.0",z="1"} 1.0
                        lat_bucket{a="q\\"\\\\\\n",le="+Inf",z="1"} 1.0
                        lat_count{a="q\\"\\\\\\n",z="1"} 1.0
                        lat_sum{a="q\\"\\\\\\n",z="1"} 0.5
                        # HELP lat_created a \\\\ b\\nc
                        # TYPE lat_created gauge
                        lat_created{a="q\\"\\\\\\n",z="1"} 1.768264339000017e+09
                        # HELP req_total Requests.
                        # TYPE req_total counter
                        req_total 2.0
                        # HELP req_created Requests.
                        # TYPE req_created gauge
                        req_created 1.7682643390000339e+09
                        # HELP up Up.
                        # TYPE up gauge
                        up 1.0
                        # HELP bytes Bytes.
                        # TYPE bytes summary
                        bytes_count 1.0
                        bytes_sum 10.0
                        # HELP bytes_created Bytes.
                        # TYPE bytes_created gauge
                        bytes_created 1.7682643390000677e+09
                        """);
    }

    @Test
    void severalProcessesPrintTheSumFirstAndNoCreatedFamilies() {
        MetricsPage page = new MetricsPage(Client.PYTHON_MULTIPROCESS, 0);
        page.histogram("lat", "Latency.", 1).of().observe(3);
        assertThat(page.text()).isEqualTo("""
                        # HELP lat Latency.
                        # TYPE lat histogram
                        lat_sum 3.0
                        lat_bucket{le="1.0"} 0.0
                        lat_bucket{le="+Inf"} 1.0
                        lat_count 1.0
                        """);
    }

    /** As metrics-exporter-prometheus 0.15 has rendered them. */
    @Test
    void rustPrintsBoundsLastNoExponentAndAnEmptyLine() {
        MetricsPage page = new MetricsPage(Client.RUST, 0);
        page.counter("requests", "Total number of requests").of().add(2_000_000);
        page.gauge("small", "Small.").of().set(1e-7);
        page.gauge("large", "Large.").of().set(1_234_567_890.5);
        page.histogram("lat", "Latency", 0.000_15, 1).of("method", "prefill").observe(0.5);
        assertThat(page.text()).isEqualTo("""
                        # HELP requests Total number of requests
                        # TYPE requests counter
                        requests 2000000

                        # HELP small Small.
                        # TYPE small gauge
                        small 0.0000001

                        # HELP large Large.
                        # TYPE large gauge
                        large 1234567890.5

                        # HELP lat Latency
                        # TYPE lat histogram
                        lat_bucket{method="prefill",le="0.00015"} 0
                        lat_bucket{method="prefill",le="1"} 1
                        lat_bucket{method="prefill",le="+Inf"} 1
                        lat_sum{method="prefill"} 0.5
                        lat_count{method="prefill"} 1

                        """);
    }
}
