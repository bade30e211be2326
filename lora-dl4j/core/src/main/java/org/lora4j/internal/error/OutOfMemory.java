/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.error;

import java.util.List;

/**
 * Tells the end of memory from other failures, and says which memory it was.
 *
 * @apiNote Status: internal
 */
public final class OutOfMemory {

    /** How JavaCPP and ND4J say that memory outside of the Java heap ended. */
    private static final List<String> NATIVE = List.of(
            "Physical memory usage is too high",
            "Cannot allocate new",
            "bad_alloc",
            "allocation failed",
            "Failed to allocate");

    /** The causes of an exception may form a ring; no chain of real ones is longer. */
    private static final int DEEPEST = 20;

    private OutOfMemory() {}

    /**
     * Whether memory ended, on the heap or outside.
     *
     * @return true if it or one of its causes says so
     */
    public static boolean isCauseOf(Throwable thrown) {
        return found(thrown) != null;
    }

    /**
     * Whether the memory that ended is outside of the Java heap.
     *
     * @param thrown what {@link #isCauseOf}
     */
    public static boolean isNative(Throwable thrown) {
        return isNativeItself(found(thrown));
    }

    /**
     * Says which memory ended.
     *
     * @param thrown what {@link #isCauseOf}
     * @return {@code out of native memory (...)}, or {@code out of memory on the Java heap (...)}
     */
    public static String described(Throwable thrown) {
        String message = found(thrown).getMessage();
        return (isNative(thrown) ? "out of native memory (" : "out of memory on the Java heap (") + message + ")";
    }

    private static Throwable found(Throwable thrown) {
        Throwable one = thrown;
        for (int depth = 0; one != null && depth < DEEPEST; depth++) {
            if (one instanceof OutOfMemoryError || isNativeItself(one)) {
                return one;
            }
            one = one.getCause();
        }
        return null;
    }

    private static boolean isNativeItself(Throwable thrown) {
        String message = String.valueOf(thrown.getMessage());
        return NATIVE.stream().anyMatch(message::contains);
    }
}
