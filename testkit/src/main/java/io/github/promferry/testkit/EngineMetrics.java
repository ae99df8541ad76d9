package io.github.promferry.testkit;

import java.util.Map;

/** What an engine's page says of its simulation. */
interface EngineMetrics extends ServingSimulation.Observer {
    /** Sets the gauges and returns the page. */
    String page(ServingSimulation simulation, double uptimeSeconds);

    /** What the engine's server adds to the head of its answer. */
    default Map<String, String> headers() {
        return Map.of();
    }
}
