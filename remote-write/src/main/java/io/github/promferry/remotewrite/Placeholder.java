package io.github.promferry.remotewrite;

/** Placeholder. */
public final class Placeholder {
    private Placeholder() {}
}
