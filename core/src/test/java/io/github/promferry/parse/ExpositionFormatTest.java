package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExpositionFormatTest {
    @ParameterizedTest
    @CsvSource(nullValues = "null", delimiter = '|', textBlock = """
            text/plain | TEXT_0_0_4
            text/plain; version=0.0.4; charset=utf-8 | TEXT_0_0_4
            TEXT/PLAIN;Version=1.0.0;escaping=allow-utf-8 | TEXT_1_0_0
            text/plain; charset=UTF-8; charset=utf-8 | TEXT_0_0_4
            text/plain; charset=UTF-8; charset=latin1 | null
            text/plain; version="0.0.4" | TEXT_0_0_4
            text/plain; nonsense | null
            application/openmetrics-text | OPENMETRICS_1_0_0
            application/openmetrics-text; version=0.0.1 | OPENMETRICS_0_0_1
            application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8 | OPENMETRICS_1_0_0
            application/openmetrics-text; version=2.0.0 | OPENMETRICS_2_0_0
            application/vnd.google.protobuf | PROTOBUF
            application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited | PROTOBUF
            application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text | null
            application/vnd.google.protobuf; proto=other.Message; encoding=delimited | null
            text/html | null
            application/json | null
            '' | null
            null | null
            """)
    void contentTypeTellsTheFormat(String contentType, ExpositionFormat format) {
        assertThat(ExpositionFormat.ofContentType(contentType)).isEqualTo(format);
    }

    @ParameterizedTest
    @CsvSource(nullValues = "null", delimiter = '|', textBlock = """
            text/plain | null
            text/plain; charset=utf-8 | null
            text/plain; Charset="UTF-8" | null
            text/plain; charset=utf8 | null
            text/plain; charset=ISO-8859-1 | ISO-8859-1
            application/openmetrics-text;version=1.0.0;charset=us-ascii | us-ascii
            text/plain; charset=utf-8; charset=latin1 | null
            """)
    void charsetIsUtf8OrForeign(String contentType, String charset) {
        assertThat(ExpositionFormat.foreignCharset(contentType)).isEqualTo(charset);
    }

    @ParameterizedTest
    @EnumSource
    void everyFormatRecognizesItself(ExpositionFormat format) {
        assertThat(ExpositionFormat.ofContentType(format.contentType())).isEqualTo(format);
        assertThat(ExpositionFormat.ofConfigName(format.configName())).isEqualTo(format);
        assertThat(ExpositionFormat.ofConfigName(format.configName().toLowerCase(Locale.ROOT)))
                .isNull();
    }

    @Test
    void acceptHeadersAreThoseOfPrometheus() {
        assertThat(AcceptHeader.DEFAULT)
                .isEqualTo(
                        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                                + "application/openmetrics-text;version=0.0.1;q=0.5,"
                                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
        assertThat(AcceptHeader.PROTOBUF_FIRST)
                .isEqualTo(
                        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
                                + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                                + "application/openmetrics-text;version=0.0.1;q=0.4,"
                                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1");
        assertThat(AcceptHeader.TEXT_ONLY).isEqualTo("text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
        for (NameEscaping escaping : NameEscaping.values()) {
            assertThat(AcceptHeader.of(
                            List.of(ExpositionFormat.OPENMETRICS_1_0_0, ExpositionFormat.TEXT_1_0_0), escaping))
                    .isEqualTo("application/openmetrics-text;version=1.0.0;escaping=" + escaping.configName()
                            + ";q=0.6,text/plain;version=1.0.0;escaping=" + escaping.configName()
                            + ";q=0.5,*/*;q=0.4");
            assertThat(NameEscaping.ofConfigName(escaping.configName())).isEqualTo(escaping);
        }
        assertThat(NameEscaping.ofConfigName("UNDERSCORES")).isNull();
        assertThatThrownBy(() -> AcceptHeader.of(List.of())).hasMessageContaining("0 formats");
        assertThatThrownBy(() -> AcceptHeader.of(List.of(ExpositionFormat.values())))
                .hasMessageContaining("6 formats");
    }
}
