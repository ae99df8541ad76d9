/** benchmarks. */
package io.github.promferry.benchmarks;
