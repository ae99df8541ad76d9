package io.github.promferry.remotewrite;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** What {@link RetryPolicy#standard} describes. */
record StandardRetry(Backoff backoff, DoubleSupplier random01) implements RetryPolicy {
    @Override
    public @Nullable Duration nextDelay(WriteFailure failure) {
        int status = failure.status();
        boolean again =
                status == WriteFailure.NO_RESPONSE || status == 408 || status == 429 || (status >= 500 && status < 600);
        if (!again) {
            return null;
        }
        Duration delay = backoff.delay(failure.attempts(), random01.getAsDouble());
        Duration wish = failure.retryAfter();
        if (wish == null || wish.compareTo(delay) <= 0) {
            return delay;
        }
        return wish.compareTo(MAX_RETRY_AFTER) < 0 ? wish : MAX_RETRY_AFTER;
    }

    @Override
    public String toString() {
        return "RetryPolicy[" + backoff + "]";
    }
}
