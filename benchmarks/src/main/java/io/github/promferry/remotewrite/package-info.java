/** Benchmarks of the Remote Write encoders, in their package because they are nobody else's. */
package io.github.promferry.remotewrite;
