/**
 * Prometheus relabel rules, compiled. {@link io.github.promferry.scrape.relabel.RelabelRule} is one rule, {@link
 * io.github.promferry.scrape.relabel.Relabeler} is anything that changes or drops labels: a rule, a list of rules, a
 * lambda.
 */
package io.github.promferry.scrape.relabel;
