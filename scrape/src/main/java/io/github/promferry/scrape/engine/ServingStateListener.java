package io.github.promferry.scrape.engine;

/**
 * Is told when an engine begins to do something else. Called on the thread that has read the page, for one target never
 * concurrently: be quick, do not block. Exceptions are logged and change nothing.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface ServingStateListener {
    /**
     * The state of a target has changed.
     *
     * @param now what is known of it
     * @param before the state until now
     */
    void changed(EngineSignals now, ServingState before);
}
