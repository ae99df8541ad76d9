package io.github.promferry.testkit;

import java.lang.reflect.Method;

/**
 * What the current thread has allocated so far. By reflection: the modules under test do not read {@code jdk.management}, and
 * should not for a test's sake.
 */
public final class AllocatedBytes {
    private AllocatedBytes() {}

    /**
     * The count of the JVM.
     *
     * @return bytes since the thread began
     * @throws IllegalStateException if this JVM has none
     */
    public static long ofThisThread() {
        try {
            Object threads = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            Method allocated =
                    Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
            return (long) allocated.invoke(threads);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM does not count allocated bytes", e);
        }
    }
}
