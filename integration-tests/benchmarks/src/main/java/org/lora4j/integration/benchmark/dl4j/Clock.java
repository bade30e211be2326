/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.function.LongSupplier;

/** What time is taken by. The choice travels to the processes that measure as a system property. */
enum Clock {
    /** What users wait for; the default. */
    WALL(System::nanoTime),
    /**
     * What the thread computes, without waiting for a processor that others use: for ratios on a machine that is not quiet.
     * Everything that is measured runs on one thread.
     */
    PROCESSOR(() -> ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime());

    private static final String PROPERTY = "benchmark.clock";

    private final LongSupplier nanoseconds;

    Clock(LongSupplier nanoseconds) {
        this.nanoseconds = nanoseconds;
    }

    static Clock of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    static Clock ofThisProcess() {
        return of(System.getProperty(PROPERTY, WALL.name()));
    }

    /** The option of Java that makes this the clock of a process. */
    String option() {
        return "-D" + PROPERTY + "=" + name();
    }

    long now() {
        return nanoseconds.getAsLong();
    }
}
