package io.github.promferry.remotewrite;

import java.lang.reflect.Method;

/**
 * What the current thread has allocated so far. By reflection: the module under test does not read {@code
 * jdk.management}, and should not for a test's sake.
 */
final class AllocatedBytes {
    private AllocatedBytes() {}

    static long ofThisThread() {
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
