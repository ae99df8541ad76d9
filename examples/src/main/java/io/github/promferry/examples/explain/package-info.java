/**
 * What a page has to tell: the engine, its traps, where its series come from, what profiles keep, and which panels of the
 * dashboards stay empty. {@link io.github.promferry.examples.explain.PageReport} is the place to begin.
 */
@org.jspecify.annotations.NullMarked
package io.github.promferry.examples.explain;
