/**
 * Micro benchmarks (JMH): parsing and encoding, each beside peers and a yardstick that get the same input in the same run.
 * Whole processes are compared in {@code process}. How to run them and what they gave: {@code benchmarks/README.md}.
 */
package io.github.promferry.benchmarks;
