package io.github.promferry.clientjava;

/** Placeholder. */
public final class Placeholder {
    private Placeholder() {}
}
