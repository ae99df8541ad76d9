package io.github.promferry.scrape;

/** Placeholder. */
public final class Placeholder {
    private Placeholder() {}
}
