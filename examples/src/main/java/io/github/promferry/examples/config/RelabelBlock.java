package io.github.promferry.examples.config;

import io.github.promferry.scrape.relabel.RelabelRule;
import io.github.promferry.scrape.relabel.Relabeler;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a list of relabel rules. */
final class RelabelBlock {
    static final KeyTable KEYS = KeyTable.of("relabel_configs[]")
            .used("source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action");

    private RelabelBlock() {}

    /**
     * The rules under a key.
     *
     * @param expansion how dollar signs in the rules are understood
     * @param legacyNames whether labels can have the names of Prometheus 2 only
     * @return all rules as one, or null if there are none
     */
    static @Nullable Relabeler read(Block block, String key, Expansion expansion, boolean legacyNames) {
        List<RelabelRule> rules = new ArrayList<>();
        for (Block rule : block.blocks(key, KEYS, expansion)) {
            try {
                rules.add(rule(rule, legacyNames));
            } catch (IllegalArgumentException e) {
                rule.file().error(rule.place(), rule.path() + ": " + e.getMessage());
            }
        }
        return rules.isEmpty() ? null : Relabeler.of(rules);
    }

    private static RelabelRule rule(Block block, boolean legacyNames) {
        RelabelRule.Builder rule = RelabelRule.builder().legacyNames(legacyNames);
        // An empty separator, pattern or replacement is not the same as a missing one.
        rule.sourceLabels(block.strings("source_labels").toArray(String[]::new));
        rule.separator(block.string("separator", RelabelRule.DEFAULT_SEPARATOR));
        rule.regex(block.string("regex", RelabelRule.DEFAULT_REGEX));
        rule.modulus(block.count("modulus", 0));
        rule.targetLabel(block.string("target_label", ""));
        rule.replacement(block.string("replacement", RelabelRule.DEFAULT_REPLACEMENT));
        String action = block.string("action");
        if (action != null) {
            rule.action(RelabelRule.Action.of(action));
        }
        return rule.build();
    }
}
