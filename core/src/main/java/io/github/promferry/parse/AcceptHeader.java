package io.github.promferry.parse;

import java.util.List;

/**
 * The {@code Accept} header of a scrape. Weights are those of Prometheus 3, and the order of the entries is that of the
 * weights: client_python ignores weights and takes the first entry it knows. The presets suit nearly everybody.
 *
 * @since 0.1
 */
public final class AcceptHeader {
    /** OpenMetrics before text, as Prometheus asks by default. Never offers OpenMetrics 2.0, which client_python feigns. */
    public static final String DEFAULT = of(List.of(
            ExpositionFormat.OPENMETRICS_1_0_0,
            ExpositionFormat.OPENMETRICS_0_0_1,
            ExpositionFormat.TEXT_1_0_0,
            ExpositionFormat.TEXT_0_0_4));

    /** Protobuf before all else: the only way to get native histograms from most exporters. */
    public static final String PROTOBUF_FIRST = of(List.of(
            ExpositionFormat.PROTOBUF,
            ExpositionFormat.OPENMETRICS_1_0_0,
            ExpositionFormat.OPENMETRICS_0_0_1,
            ExpositionFormat.TEXT_1_0_0,
            ExpositionFormat.TEXT_0_0_4));

    /** The classic text format only, for targets whose OpenMetrics writer is broken, and for names as engines know them. */
    public static final String TEXT_ONLY = of(List.of(ExpositionFormat.TEXT_0_0_4));

    /** Prometheus begins with one tenth more than it knows protocols. */
    private static final int FIRST_TENTHS = 6;

    private AcceptHeader() {}

    /**
     * A header that asks for formats in order of preference, and for anything else at last.
     *
     * @param formats one to five formats, the best first
     * @return the header's value
     * @throws IllegalArgumentException for no format or more than five
     */
    public static String of(List<ExpositionFormat> formats) {
        return of(formats, NameEscaping.ALLOW_UTF_8);
    }

    /**
     * A header that also says what to do with names that are not classic ones.
     *
     * @param formats one to five formats, the best first
     * @param escaping asked for with the formats that can carry all names
     * @return the header's value
     * @throws IllegalArgumentException for no format or more than five
     */
    public static String of(List<ExpositionFormat> formats, NameEscaping escaping) {
        if (formats.isEmpty() || formats.size() >= FIRST_TENTHS) {
            throw new IllegalArgumentException(formats.size() + " formats: an Accept header takes one to five");
        }
        StringBuilder header = new StringBuilder();
        int tenths = FIRST_TENTHS;
        for (ExpositionFormat format : formats) {
            header.append(entry(format, escaping))
                    .append(";q=0.")
                    .append(tenths--)
                    .append(',');
        }
        return header.append("*/*;q=0.").append(tenths).toString();
    }

    /** What {@link ExpositionFormat#contentType} says, but without blanks and charset, as Prometheus writes it. */
    private static String entry(ExpositionFormat format, NameEscaping escaping) {
        return format.contentType()
                .replace(" ", "")
                .replace(";charset=utf-8", "")
                .replace(NameEscaping.ALLOW_UTF_8.configName(), escaping.configName());
    }
}
