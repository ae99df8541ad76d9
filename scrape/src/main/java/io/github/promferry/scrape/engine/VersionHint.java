package io.github.promferry.scrape.engine;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What samples tell of an engine's version.
 *
 * @param says such as {@code 0.10.2 or newer}; empty if the label tells it
 * @param label whose value is the version, or null
 * @param present samples that must be there, without prefix
 * @param absent samples that must not be there
 */
record VersionHint(String says, @Nullable String label, Set<String> present, Set<String> absent) {}
