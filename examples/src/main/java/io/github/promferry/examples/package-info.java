/**
 * The stand-alone {@linkplain io.github.promferry.examples.Forwarder forwarder}, which replaces a collector sidecar, the
 * demo, and one small {@code main} for each way to use the library.
 */
@NullMarked
package io.github.promferry.examples;

import org.jspecify.annotations.NullMarked;
