package io.github.promferry.parse;

import org.jspecify.annotations.Nullable;

/**
 * What a target is asked to do with names that are not {@code [a-zA-Z_:][a-zA-Z0-9_:]*}: the parameter {@code escaping}
 * of the {@code Accept} header. Targets that do not know it do what they like, and nothing is unescaped here.
 *
 * @since 0.1
 */
public enum NameEscaping {
    /** Names come as they are, in quotes. */
    ALLOW_UTF_8("allow-utf-8"),
    /** Every character that is not allowed becomes an underscore. */
    UNDERSCORES("underscores"),
    /** Dots become {@code _dot_}, underscores are doubled, other characters become underscores. */
    DOTS("dots"),
    /** The name gets the prefix {@code U__}, and other characters become their code point between underscores. */
    VALUES("values");

    private final String configName;

    NameEscaping(String configName) {
        this.configName = configName;
    }

    /**
     * The scheme that a configuration names.
     *
     * @param configName such as {@code allow-utf-8}, in exact case
     * @return the scheme, or null if there is none of that name
     */
    public static @Nullable NameEscaping ofConfigName(String configName) {
        for (NameEscaping escaping : values()) {
            if (escaping.configName.equals(configName)) {
                return escaping;
            }
        }
        return null;
    }

    /**
     * The name in headers and in a Prometheus configuration ({@code metric_name_escaping_scheme}), such as {@code
     * allow-utf-8}.
     *
     * @return the name
     */
    public String configName() {
        return configName;
    }
}
