package io.github.promferry.testkit;

/** What an engine's page says of its simulation. */
interface EngineMetrics extends ServingSimulation.Observer {
    /** Sets the gauges and returns the page. */
    String page(ServingSimulation simulation, double uptimeSeconds);
}
