package io.github.promferry.scrape.relabel;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.github.promferry.Labels;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code relabel_configs}, {@code metric_relabel_configs} or {@code write_relabel_configs}, with Prometheus'
 * defaults, checks and effects. Immutable, thread-safe, compiled when built; equal to a rule with the same fields.
 *
 * <pre>{@code
 * RelabelRule.builder()
 *         .sourceLabels("__name__")
 *         .regex("python_.*|process_.*")
 *         .action(RelabelRule.Action.DROP)
 *         .build();
 * }</pre>
 *
 * <p>Patterns are RE2 and match the whole value, line breaks included. In {@code replacement} and in the target label of
 * {@link Action#REPLACE}, {@code $1}, {@code ${1}} and {@code ${name}} stand for groups and {@code $$} for a dollar sign;
 * {@code $1_x} is the group <em>named</em> {@code 1_x}, hence empty: write {@code ${1}_x}.
 *
 * @since 0.1
 */
public final class RelabelRule implements Relabeler {
    /** What joins the values of the source labels unless told otherwise. */
    public static final String DEFAULT_SEPARATOR = ";";

    /** The pattern unless told otherwise: anything, as group 1. */
    public static final String DEFAULT_REGEX = "(.*)";

    /** The replacement unless told otherwise: group 1. */
    public static final String DEFAULT_REPLACEMENT = "$1";

    /**
     * What a rule does. <i>Value</i> is the values of the source labels, joined with the separator; a missing label
     * counts as an empty one.
     *
     * @since 0.1
     */
    public enum Action {
        /**
         * If the value matches, sets the target label to the replacement; an empty result removes the label. The
         * default.
         */
        REPLACE,
        /** Drops the target or series unless the value matches. */
        KEEP,
        /** Drops the target or series if the value matches. */
        DROP,
        /** Drops the target or series unless the target label equals the value. */
        KEEPEQUAL,
        /** Drops the target or series if the target label equals the value. */
        DROPEQUAL,
        /** Sets the target label to a hash of the value modulo {@code modulus}, the same hash as Prometheus'. */
        HASHMOD,
        /** Copies each label whose name matches to the name that the replacement makes of it. */
        LABELMAP,
        /** Removes the labels whose name matches. */
        LABELDROP,
        /** Removes the labels whose name does not match. */
        LABELKEEP,
        /** Sets the target label to the value in lower case. */
        LOWERCASE,
        /** Sets the target label to the value in upper case. */
        UPPERCASE;

        /**
         * The action of that name.
         *
         * @param name as in a Prometheus configuration, in any case
         * @return the action
         * @throws IllegalArgumentException if there is none; the message names those that exist
         */
        public static Action of(String name) {
            for (Action action : values()) {
                if (action.configName().equalsIgnoreCase(name)) {
                    return action;
                }
            }
            throw new IllegalArgumentException("unknown relabel action \"" + name + "\", expected one of "
                    + Arrays.stream(values()).map(Action::configName).collect(Collectors.joining(", ")));
        }

        /**
         * The name in a Prometheus configuration.
         *
         * @return such as {@code labeldrop}
         */
        public String configName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Action action;
    private final List<String> sourceLabels;
    private final String separator;
    private final AnchoredRegex regex;
    private final long modulus;
    private final Template targetLabel;
    private final Template replacement;
    private final boolean legacyNames;

    private RelabelRule(Builder builder) {
        action = builder.action;
        sourceLabels = builder.sourceLabels;
        separator = builder.separator;
        regex = new AnchoredRegex(builder.regex);
        modulus = builder.modulus;
        targetLabel = new Template(builder.targetLabel, regex);
        replacement = new Template(builder.replacement, regex);
        legacyNames = builder.legacyNames;
    }

    /**
     * A builder with Prometheus' defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * What the rule does.
     *
     * @return the action
     */
    public Action action() {
        return action;
    }

    @Override
    public @Nullable Labels apply(Labels labels) {
        EditableLabels edited = new EditableLabels(labels);
        return edit(edited) ? edited.toLabels() : null;
    }

    /** Applies the rule in place; false means drop. */
    boolean edit(EditableLabels labels) {
        switch (action) {
            case REPLACE -> replace(labels);
            case KEEP -> {
                return regex.matches(value(labels));
            }
            case DROP -> {
                return !regex.matches(value(labels));
            }
            case KEEPEQUAL -> {
                return labels.get(targetLabel.toString()).equals(value(labels));
            }
            case DROPEQUAL -> {
                return !labels.get(targetLabel.toString()).equals(value(labels));
            }
            case HASHMOD -> labels.set(targetLabel.toString(), Long.toUnsignedString(hash(value(labels), modulus)));
            case LABELMAP -> mapNames(labels);
            case LABELDROP -> labels.names().stream().filter(regex::matches).forEach(labels::remove);
            case LABELKEEP ->
                labels.names().stream().filter(name -> !regex.matches(name)).forEach(labels::remove);
            case LOWERCASE -> labels.set(targetLabel.toString(), mapCase(value(labels), Character::toLowerCase));
            case UPPERCASE -> labels.set(targetLabel.toString(), mapCase(value(labels), Character::toUpperCase));
        }
        return true;
    }

    private String value(EditableLabels labels) {
        return sourceLabels.stream().map(labels::get).collect(Collectors.joining(separator));
    }

    private void replace(EditableLabels labels) {
        String value = value(labels);
        if (targetLabel.isConstant() && replacement.isConstant()) {
            if (regex.matches(value)) {
                setIfValid(labels, targetLabel.constant(), replacement.constant());
            }
            return;
        }
        Matcher match = regex.match(value);
        if (match != null) {
            setIfValid(labels, targetLabel.expand(match), replacement.expand(match));
        }
    }

    private void setIfValid(EditableLabels labels, String name, String value) {
        // A template can give any text; Prometheus ignores the rule then.
        if (isLabelName(name, legacyNames)) {
            labels.set(name, value);
        }
    }

    private void mapNames(EditableLabels labels) {
        labels.snapshot().forEach((name, value) -> {
            Matcher match = regex.match(name);
            if (match != null) {
                setIfValid(labels, replacement.expand(match), value);
            }
        });
    }

    /** The last 8 bytes of MD5, big-endian and unsigned, modulo: every Prometheus agrees on who scrapes what. */
    static long hash(String value, long modulus) {
        try {
            byte[] md5 = MessageDigest.getInstance("MD5").digest(value.getBytes(UTF_8));
            return Long.remainderUnsigned(ByteBuffer.wrap(md5).getLong(8), modulus);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no MD5, which hashmod needs", e);
        }
    }

    /** Code point by code point, as Go does: String.toUpperCase would make two letters of a sharp s. */
    private static String mapCase(String value, IntUnaryOperator mapping) {
        return value.codePoints()
                .map(mapping)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    @Override
    public boolean touches(String labelName) {
        return switch (action) {
            case LABELDROP -> regex.matches(labelName);
            case LABELKEEP -> !regex.matches(labelName);
            case LABELMAP -> regex.matches(labelName) || mayBecome(replacement, labelName);
            case KEEP, DROP -> sourceLabels.contains(labelName);
            case REPLACE -> sourceLabels.contains(labelName) || mayBecome(targetLabel, labelName);
            case KEEPEQUAL, DROPEQUAL, HASHMOD, LOWERCASE, UPPERCASE ->
                sourceLabels.contains(labelName) || targetLabel.toString().equals(labelName);
        };
    }

    @Override
    public boolean mayBlock() {
        return false;
    }

    private static boolean mayBecome(Template template, String labelName) {
        return !template.isConstant() || template.constant().equals(labelName);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RelabelRule rule
                && action == rule.action
                && sourceLabels.equals(rule.sourceLabels)
                && separator.equals(rule.separator)
                && regex.toString().equals(rule.regex.toString())
                && modulus == rule.modulus
                && targetLabel.toString().equals(rule.targetLabel.toString())
                && replacement.toString().equals(rule.replacement.toString())
                && legacyNames == rule.legacyNames;
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                action,
                sourceLabels,
                separator,
                regex.toString(),
                modulus,
                targetLabel.toString(),
                replacement.toString());
    }

    /** The rule as a line of YAML, defaults left out. */
    @Override
    public String toString() {
        return "relabel rule "
                + describe(
                        action,
                        sourceLabels,
                        separator,
                        regex.toString(),
                        modulus,
                        targetLabel.toString(),
                        replacement.toString());
    }

    private static String describe(
            Action action,
            List<String> sourceLabels,
            String separator,
            String regex,
            long modulus,
            String targetLabel,
            String replacement) {
        StringBuilder text = new StringBuilder("{action: ").append(action.configName());
        if (!sourceLabels.isEmpty()) {
            text.append(", source_labels: ").append(sourceLabels);
        }
        if (!separator.equals(DEFAULT_SEPARATOR)) {
            text.append(", separator: '").append(separator).append('\'');
        }
        if (!regex.equals(DEFAULT_REGEX)) {
            text.append(", regex: '").append(regex).append('\'');
        }
        if (modulus != 0) {
            text.append(", modulus: ").append(modulus);
        }
        if (!targetLabel.isEmpty()) {
            text.append(", target_label: ").append(targetLabel);
        }
        if (!replacement.equals(DEFAULT_REPLACEMENT)) {
            text.append(", replacement: '").append(replacement).append('\'');
        }
        return text.append('}').toString();
    }

    /** Any text but the empty one; under the names of Prometheus 2, letters, digits and underscores only. */
    private static boolean isLabelName(String name, boolean legacyNames) {
        return legacyNames ? Labels.isLegacyLabelName(name) : !name.isEmpty();
    }

    /**
     * Collects the fields of a rule; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        /** From Prometheus: a label name of letters, digits and underscores with references in it. */
        private static final Pattern LEGACY_TEMPLATE =
                Pattern.compile("(?:(?:[a-zA-Z_]|\\$(?:\\{\\w+\\}|\\w+))+\\w*)+");

        private Action action = Action.REPLACE;
        private List<String> sourceLabels = List.of();
        private String separator = DEFAULT_SEPARATOR;
        private String regex = DEFAULT_REGEX;
        private long modulus;
        private String targetLabel = "";
        private String replacement = DEFAULT_REPLACEMENT;
        private boolean legacyNames;

        private Builder() {}

        /**
         * What the rule does; {@link Action#REPLACE} by default.
         *
         * @param action {@code action} in a Prometheus configuration
         * @return this
         */
        public Builder action(Action action) {
            this.action = Objects.requireNonNull(action, "action");
            return this;
        }

        /**
         * The labels whose values are joined; none by default.
         *
         * @param sourceLabels {@code source_labels} in a Prometheus configuration
         * @return this
         */
        public Builder sourceLabels(String... sourceLabels) {
            this.sourceLabels = List.of(sourceLabels);
            return this;
        }

        /**
         * What joins the values; {@value RelabelRule#DEFAULT_SEPARATOR} by default.
         *
         * @param separator any text, also the empty one
         * @return this
         */
        public Builder separator(String separator) {
            this.separator = Objects.requireNonNull(separator, "separator");
            return this;
        }

        /**
         * The pattern that the whole value, or the whole label name, has to match; {@value RelabelRule#DEFAULT_REGEX} by
         * default.
         *
         * @param regex in RE2 syntax; the empty pattern matches the empty value
         * @return this
         */
        public Builder regex(String regex) {
            this.regex = Objects.requireNonNull(regex, "regex");
            return this;
        }

        /**
         * What {@link Action#HASHMOD} divides by.
         *
         * @param modulus a positive number
         * @return this
         */
        public Builder modulus(long modulus) {
            this.modulus = modulus;
            return this;
        }

        /**
         * The label that is set or compared.
         *
         * @param targetLabel {@code target_label} in a Prometheus configuration
         * @return this
         */
        public Builder targetLabel(String targetLabel) {
            this.targetLabel = Objects.requireNonNull(targetLabel, "targetLabel");
            return this;
        }

        /**
         * What the target label is set to, or what a name is mapped to; {@value RelabelRule#DEFAULT_REPLACEMENT} by
         * default.
         *
         * @param replacement any text, also the empty one, which removes the label
         * @return this
         */
        public Builder replacement(String replacement) {
            this.replacement = Objects.requireNonNull(replacement, "replacement");
            return this;
        }

        /**
         * Whether label names are limited to letters, digits and underscores, as in Prometheus 2 and under {@code
         * metric_name_validation_scheme: legacy}; false by default.
         *
         * @param legacyNames true to limit
         * @return this
         */
        public Builder legacyNames(boolean legacyNames) {
            this.legacyNames = legacyNames;
            return this;
        }

        /**
         * The rule.
         *
         * @return immutable and compiled
         * @throws IllegalArgumentException if the fields make no rule; the message shows it, says why and what to change
         */
        public RelabelRule build() {
            if (sourceLabels.contains("")) {
                throw refused("a name in source_labels is empty; remove it");
            }
            switch (action) {
                case REPLACE -> checkReplace();
                case KEEP, DROP -> {}
                case KEEPEQUAL, DROPEQUAL -> {
                    checkTargetLabel();
                    checkUnused("regex", regex.equals(DEFAULT_REGEX), "source_labels and target_label");
                    checkUnused("modulus", modulus == 0, "source_labels and target_label");
                    checkUnused("separator", separator.equals(DEFAULT_SEPARATOR), "source_labels and target_label");
                    checkUnused(
                            "replacement", replacement.equals(DEFAULT_REPLACEMENT), "source_labels and target_label");
                }
                case HASHMOD -> {
                    checkTargetLabel();
                    if (modulus <= 0) {
                        throw refused("modulus is " + modulus + "; set it to the number of shards, at least 1");
                    }
                }
                case LABELMAP -> {
                    if (!isTemplateName(replacement)) {
                        throw refused(
                                "replacement \"" + replacement + "\" makes no label name; expected one such as $1");
                    }
                }
                case LABELDROP, LABELKEEP -> {
                    checkUnused("source_labels", sourceLabels.isEmpty(), "regex");
                    checkUnused("target_label", targetLabel.isEmpty(), "regex");
                    checkUnused("modulus", modulus == 0, "regex");
                    checkUnused("separator", separator.equals(DEFAULT_SEPARATOR), "regex");
                    checkUnused("replacement", replacement.equals(DEFAULT_REPLACEMENT), "regex");
                }
                case LOWERCASE, UPPERCASE -> {
                    checkTargetLabel();
                    checkUnused(
                            "replacement",
                            replacement.equals(DEFAULT_REPLACEMENT),
                            "source_labels, separator and target_label");
                }
            }
            try {
                return new RelabelRule(this);
            } catch (PatternSyntaxException e) {
                throw refused("regex is not valid RE2 (" + e.getDescription()
                        + (e.getPattern().isEmpty() ? "" : ": " + e.getPattern())
                        + "); RE2 has no lookaround, back-references or possessive quantifiers, and repeats at most"
                        + " 1000 times");
            }
        }

        private void checkReplace() {
            if (!Template.hasReferences(targetLabel)) {
                checkTargetLabel();
            } else if (!isTemplateName(targetLabel)) {
                throw refused(
                        "target_label \"" + targetLabel + "\" makes no label name of letters, digits and underscores");
            }
        }

        private void checkTargetLabel() {
            if (targetLabel.isEmpty()) {
                throw refused("target_label is missing; name the label that the rule sets or compares");
            }
            if (!isLabelName(targetLabel, legacyNames)) {
                throw refused("target_label \"" + targetLabel + "\" is no label name"
                        + " (letters, digits and underscores, no digit first)");
            }
        }

        private boolean isTemplateName(String template) {
            return legacyNames ? LEGACY_TEMPLATE.matches(template) : !template.isEmpty();
        }

        private void checkUnused(String field, boolean unset, String used) {
            if (!unset) {
                throw refused(field + " has no effect on this action; remove it (it uses " + used + " only)");
            }
        }

        private IllegalArgumentException refused(String why) {
            return new IllegalArgumentException("relabel rule "
                    + describe(action, sourceLabels, separator, regex, modulus, targetLabel, replacement) + ": " + why);
        }
    }
}
