/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.error;

import java.util.function.Supplier;

/**
 * Work of a thread during which nothing is worth a line of the log: adapters and trainings that only serve a measurement whose caller
 * wants none.
 *
 * @apiNote Status: internal
 */
public final class Silence {

    private static final ThreadLocal<Boolean> KEPT = ThreadLocal.withInitial(() -> false);

    private Silence() {}

    /** Does work in silence if asked for. */
    public static <T> T during(boolean quiet, Supplier<T> work) {
        boolean before = KEPT.get();
        KEPT.set(before || quiet);
        try {
            return work.get();
        } finally {
            KEPT.set(before);
        }
    }

    /** Whether the work of this thread is done in silence. */
    public static boolean isKept() {
        return KEPT.get();
    }
}
