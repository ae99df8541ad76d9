package io.github.promferry.parse;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A format of a {@code /metrics} page. What a page is in is told by the {@code Content-Type} of the answer, never by what
 * was asked for: vLLM's Rust front end answers OpenMetrics to everybody.
 *
 * @since 0.1
 */
public enum ExpositionFormat {
    /** The classic text format. */
    TEXT_0_0_4("PrometheusText0.0.4"),
    /** The text format with quoted UTF-8 names. */
    TEXT_1_0_0("PrometheusText1.0.0"),
    /** The draft of OpenMetrics that old Go programs announce; reads like 1.0.0. */
    OPENMETRICS_0_0_1("OpenMetricsText0.0.1"),
    /** OpenMetrics 1.0. */
    OPENMETRICS_1_0_0("OpenMetricsText1.0.0"),
    /** The draft of OpenMetrics 2.0: composite values, start timestamps on the line. */
    OPENMETRICS_2_0_0("OpenMetricsText2.0.0"),
    /** Length-delimited {@code io.prometheus.client.MetricFamily} messages. */
    PROTOBUF("PrometheusProto");

    private static final String OPENMETRICS = "application/openmetrics-text";
    private static final String TEXT = "text/plain";
    private static final String PROTO = "application/vnd.google.protobuf";

    private final String configName;

    ExpositionFormat(String configName) {
        this.configName = configName;
    }

    /**
     * The format that a {@code Content-Type} header announces.
     *
     * @param contentType the header's value, or null if there was none
     * @return the format; null if the header is missing, cannot be parsed, or names something else (an HTML page, JSON,
     *     a protobuf encoding other than delimited), so that the caller falls back or fails
     */
    public static @Nullable ExpositionFormat ofContentType(@Nullable String contentType) {
        if (contentType == null) {
            return null;
        }
        String[] parts = contentType.split(";", -1);
        Map<String, String> parameters = parameters(parts);
        if (parameters == null) {
            return null;
        }
        return switch (parts[0].strip().toLowerCase(Locale.ROOT)) {
            case TEXT -> "1.0.0".equals(parameters.get("version")) ? TEXT_1_0_0 : TEXT_0_0_4;
            case OPENMETRICS -> openMetrics(parameters.getOrDefault("version", "1.0.0"));
            case PROTO -> isDelimitedFamilies(parameters) ? PROTOBUF : null;
            default -> null;
        };
    }

    /**
     * The character set that a {@code Content-Type} header names if it is not UTF-8, in which all formats are: the page is
     * likely to be read wrong, or not at all.
     *
     * @param contentType the header's value
     * @return the name of the character set; null if it is UTF-8, or none is named, or the header cannot be parsed
     */
    public static @Nullable String foreignCharset(String contentType) {
        Map<String, String> parameters = parameters(contentType.split(";", -1));
        String charset = parameters == null ? null : parameters.get("charset");
        return charset == null || charset.equalsIgnoreCase("utf-8") || charset.equalsIgnoreCase("utf8")
                ? null
                : charset;
    }

    /**
     * The format that a configuration names.
     *
     * @param configName such as {@code PrometheusText0.0.4}, in exact case
     * @return the format, or null if there is none of that name
     * @see #configName()
     */
    public static @Nullable ExpositionFormat ofConfigName(String configName) {
        for (ExpositionFormat format : values()) {
            if (format.configName.equals(configName)) {
                return format;
            }
        }
        return null;
    }

    /**
     * The name in a Prometheus configuration ({@code fallback_scrape_protocol}), such as {@code PrometheusText0.0.4}.
     *
     * @return the name
     */
    public String configName() {
        return configName;
    }

    /**
     * The {@code Content-Type} that announces a page of this format.
     *
     * @return the header's value
     */
    public String contentType() {
        return switch (this) {
            case TEXT_0_0_4 -> TEXT + "; version=0.0.4; charset=utf-8";
            case TEXT_1_0_0 -> TEXT + "; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
            case OPENMETRICS_0_0_1 -> OPENMETRICS + "; version=0.0.1; charset=utf-8";
            case OPENMETRICS_1_0_0 -> OPENMETRICS + "; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
            case OPENMETRICS_2_0_0 -> OPENMETRICS + "; version=2.0.0; charset=utf-8";
            case PROTOBUF -> PROTO + "; proto=io.prometheus.client.MetricFamily; encoding=delimited";
        };
    }

    /**
     * Whether this is a version of OpenMetrics: pages end with {@code # EOF}, timestamps are seconds.
     *
     * @return true for the OpenMetrics versions
     */
    public boolean isOpenMetrics() {
        return this == OPENMETRICS_0_0_1 || this == OPENMETRICS_1_0_0 || this == OPENMETRICS_2_0_0;
    }

    private static ExpositionFormat openMetrics(String version) {
        return switch (version) {
            case "0.0.1" -> OPENMETRICS_0_0_1;
            case "2.0.0" -> OPENMETRICS_2_0_0;
            default -> OPENMETRICS_1_0_0;
        };
    }

    private static boolean isDelimitedFamilies(Map<String, String> parameters) {
        String proto = parameters.getOrDefault("proto", "io.prometheus.client.MetricFamily");
        return proto.equals("io.prometheus.client.MetricFamily")
                && parameters.getOrDefault("encoding", "delimited").equalsIgnoreCase("delimited");
    }

    /** Null if a parameter is malformed or repeated with another value; equal repetitions occur and are harmless. */
    private static @Nullable Map<String, String> parameters(String[] parts) {
        Map<String, String> parameters = new HashMap<>();
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i].strip();
            if (part.isEmpty()) {
                continue;
            }
            int equals = part.indexOf('=');
            if (equals < 1) {
                return null;
            }
            String value = part.substring(equals + 1).strip();
            if (value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")) {
                value = value.substring(1, value.length() - 1);
            }
            String before = parameters.put(part.substring(0, equals).strip().toLowerCase(Locale.ROOT), value);
            if (before != null && !before.equalsIgnoreCase(value)) {
                return null;
            }
        }
        return parameters;
    }
}
