/**
 * Whole processes side by side: the forwarder and other agents scrape the same targets and write to the same receiver.
 * {@link io.github.promferry.benchmarks.process.ProcessComparison} is the program; {@code benchmarks/compare-processes}
 * starts it.
 */
package io.github.promferry.benchmarks.process;
