/**
 * Scrapes targets and hands their samples to a {@link io.github.promferry.SampleSink}. {@link
 * io.github.promferry.scrape.Scraper} is the place to begin: it takes {@link io.github.promferry.scrape.ScrapeJob}s, keeps
 * one loop for each target, and tells by {@link io.github.promferry.scrape.TargetStatus} how they are doing.
 */
package io.github.promferry.scrape;
