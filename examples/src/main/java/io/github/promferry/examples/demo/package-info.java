/**
 * The demo: everything in one process, from a simulated engine to an in-memory receiver. {@link
 * io.github.promferry.examples.demo.Demo} shows it on a terminal.
 */
@NullMarked
package io.github.promferry.examples.demo;

import org.jspecify.annotations.NullMarked;
