/**
 * Grafana dashboards and alert rules as files: the dashboards are written from a compact source, and both are read back
 * by tests that hold every expression to data.
 */
package io.github.promferry.examples.grafana;
