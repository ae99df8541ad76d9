/**
 * The data model: {@link io.github.promferry.Labels}, {@link io.github.promferry.Series}, {@link
 * io.github.promferry.SampleBatch}, and the two seams between the modules, {@link io.github.promferry.MetricSource} and
 * {@link io.github.promferry.SampleSink}. Start with {@code SampleBatch}: everything else exists to fill one or to take
 * one.
 */
package io.github.promferry;
