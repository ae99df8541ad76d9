/**
 * Where targets come from: fixed lists, files, HTTP, DNS, or a {@link
 * io.github.promferry.scrape.discovery.TargetDiscovery} of one's own that publishes {@link
 * io.github.promferry.scrape.discovery.TargetGroup}s.
 */
package io.github.promferry.scrape.discovery;
