package io.github.promferry.scrape.engine;

/** From what the pages of one target tell to its state. All times are those of the pages' samples. Not thread-safe. */
final class ServingStateMachine {
    /** Idle pages in a row that have to move before one that does not is suspicious. */
    private static final int MOVING_PAGES = 10;

    private static final long NEVER = Long.MAX_VALUE;

    private final long patienceMillis;
    private final double saturatedWaiting;
    private final double saturatedKvCache;

    private ServingState state = ServingState.STARTING;
    private long sinceMillis;
    /** Pages of this process, as far as it matters. */
    private int pages;

    private boolean restarted;
    private boolean answering;
    private long lastProgressMillis;
    private long lastMoveMillis;
    private long pressedSinceMillis = NEVER;
    private int movingIdlePages;

    /**
     * A machine in state STARTING.
     *
     * @param patienceMillis how long a symptom has to last
     * @param saturatedWaiting waiting requests from which the engine is full
     * @param saturatedKvCache used part of the KV cache from which it is
     */
    ServingStateMachine(long patienceMillis, double saturatedWaiting, double saturatedKvCache) {
        this.patienceMillis = patienceMillis;
        this.saturatedWaiting = saturatedWaiting;
        this.saturatedKvCache = saturatedKvCache;
    }

    /**
     * What a page tells. Numbers that the engine does not have are NaN.
     *
     * @param progressed whether a token was made, or a step, since the page before
     * @param moved whether any number differs from the page before
     * @param restarted whether this is another process than that of the page before
     */
    record Observation(
            double running, double waiting, double kvCacheUsage, boolean progressed, boolean moved, boolean restarted) {
        boolean isBusy() {
            return running > 0 || waiting > 0;
        }
    }

    ServingState state() {
        return state;
    }

    /** When the state began. */
    long sinceMillis() {
        return sinceMillis;
    }

    /** A scrape has failed. One that never answered is starting. */
    void failed(long now) {
        answering = false;
        enter(pages == 0 ? ServingState.STARTING : ServingState.DOWN, now);
    }

    /** It answers, but with nothing of an engine: one that has not been used, or not found its model yet. */
    void empty(long now) {
        answering = false;
        if (pages > 0) {
            pages = 0;
            restarted = true;
        }
        enter(restarted ? ServingState.RESTARTING : ServingState.STARTING, now);
    }

    void page(long now, Observation page) {
        if (page.restarted()) {
            pages = 0;
            restarted = true;
            movingIdlePages = 0;
        }
        pages = Math.min(2, pages + 1);
        if (!answering) {
            // What happened while nobody could look is no symptom.
            answering = true;
            pressedSinceMillis = NEVER;
            lastMoveMillis = now;
            lastProgressMillis = now;
        }
        remember(now, page);
        enter(judge(now, page), now);
        restarted &= pages < 2;
    }

    private void remember(long now, Observation page) {
        if (page.progressed() || !page.isBusy()) {
            lastProgressMillis = now;
        }
        if (page.moved()) {
            lastMoveMillis = now;
        }
        boolean pressed = page.waiting() >= saturatedWaiting || page.kvCacheUsage() >= saturatedKvCache;
        if (!pressed) {
            pressedSinceMillis = NEVER;
        } else if (pressedSinceMillis == NEVER) {
            pressedSinceMillis = now;
        }
        if (!page.isBusy() && !page.progressed() && movingIdlePages < MOVING_PAGES) {
            movingIdlePages = page.moved() ? movingIdlePages + 1 : 0;
        }
    }

    private ServingState judge(long now, Observation page) {
        if (pages < 2) {
            return restarted ? ServingState.RESTARTING : ServingState.STARTING;
        }
        boolean shouldMove = page.isBusy() || movingIdlePages == MOVING_PAGES;
        if (shouldMove && now - lastMoveMillis >= patienceMillis) {
            return ServingState.FROZEN;
        }
        if (page.isBusy() && now - lastProgressMillis >= patienceMillis) {
            return ServingState.STALLED;
        }
        if (pressedSinceMillis != NEVER && now - pressedSinceMillis >= patienceMillis) {
            return ServingState.SATURATED;
        }
        return page.isBusy() || page.progressed() ? ServingState.SERVING : ServingState.IDLE;
    }

    private void enter(ServingState next, long now) {
        if (next != state || sinceMillis == 0) {
            state = next;
            sinceMillis = now;
        }
    }
}
