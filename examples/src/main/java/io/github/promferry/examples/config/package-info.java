/**
 * Reads the forwarder's configuration file, an OpenTelemetry Collector or a Prometheus configuration, into a {@link
 * io.github.promferry.examples.config.ForwarderConfig}. Every key is either used, warned about or refused: none is
 * ignored silently. What each does is said once, in the {@code KeyTable}s of the two readers.
 */
@NullMarked
package io.github.promferry.examples.config;

import org.jspecify.annotations.NullMarked;
