/**
 * From the bytes of an exposition to rows of a {@link io.github.promferry.SampleBatch}. One {@link
 * io.github.promferry.parse.ExpositionParser} a target remembers the order of the last page and recognizes known series
 * by comparing bytes; a {@link io.github.promferry.parse.SeriesDictionary}, shared by the targets of a job, holds each
 * series once. {@link io.github.promferry.parse.MetricFamily#parse} is the convenient way to look at a single page.
 */
package io.github.promferry.parse;
