/**
 * What is known of LLM engines: how to find and to recognize them, what their metrics mean, what is worth keeping. All of it
 * is a table, {@code engines.yaml} in this package, which a file of one's own can extend; {@link
 * io.github.promferry.scrape.engine.EngineCatalog} is the place to begin. {@link
 * io.github.promferry.scrape.engine.EngineMonitor} tells how engines are doing, from the samples that pass by. Nothing here costs anything while it is not used.
 */
package io.github.promferry.scrape.engine;
