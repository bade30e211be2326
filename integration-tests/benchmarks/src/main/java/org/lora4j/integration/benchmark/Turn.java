/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * What doing something once took.
 *
 * @param seconds that passed
 * @param cpuSeconds that were computed: by the thread that did it, or by all threads of the process if it may use several
 */
record Turn(double seconds, double cpuSeconds) {

    private static final double NANOSECONDS = 1e9;

    /** Tells a process how many threads it may use. */
    static final String PROPERTY = "benchmark.threads";

    /** How many threads this process may use, as it was started. Several numbers are those of its children. */
    static final int THREADS = Integer.getInteger(
            PROPERTY,
            Integer.parseInt(System.getenv()
                    .getOrDefault("OMP_NUM_THREADS", "1")
                    .split(",")[0]
                    .trim()));

    private static final LongSupplier CPU = THREADS == 1
            ? ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime
            : ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                    ::getProcessCpuTime;

    /** Processor time so far, in nanoseconds. */
    static long cpu() {
        return CPU.getAsLong();
    }

    static Turn of(Runnable work) {
        long cpu = cpu();
        long from = System.nanoTime();
        work.run();
        return new Turn((System.nanoTime() - from) / NANOSECONDS, (cpu() - cpu) / NANOSECONDS);
    }
}
