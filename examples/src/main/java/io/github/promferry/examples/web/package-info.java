/**
 * The status page of the forwarder: {@link io.github.promferry.examples.web.StatusServer} shows {@link
 * io.github.promferry.examples.web.StatusSource} to a browser, to Prometheus, and to whoever asks whether the process is
 * alive. Read-only.
 */
@NullMarked
package io.github.promferry.examples.web;

import org.jspecify.annotations.NullMarked;
