package io.github.promferry.parse;

import java.lang.reflect.Method;

/** What the current thread has allocated. By reflection, since the module under test does not read jdk.management. */
final class AllocatedBytes {
    private static final Object BEAN;
    private static final Method BYTES;

    static {
        try {
            BEAN = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            BYTES = Class.forName("com.sun.management.ThreadMXBean").getMethod("getThreadAllocatedBytes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private AllocatedBytes() {}

    @SuppressWarnings("deprecation") // Thread.threadId() came with Java 19.
    static long ofThisThread() {
        try {
            return (long) BYTES.invoke(BEAN, Thread.currentThread().getId());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
