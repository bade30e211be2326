/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.lora4j.internal.engine.plan.PlanStep;
import org.lora4j.internal.engine.plan.StepWatch;

/** How long each step of the plans took, in all threads together. To be read when no plan runs. */
final class StepTimes implements StepWatch {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final double NANOSECONDS = 1e9;
    private static final int MOST_THREADS = 256;

    /** What some steps took, and what they touched and multiplied. */
    static final class Spent {
        private long calls;
        private long wall;
        private long cpu;
        private double bytes;
        private double multiplications;

        private void add(PlanStep step, Spent other) {
            calls += other.calls;
            wall += other.wall;
            cpu += other.cpu;
            bytes += other.calls * (double) StepKind.bytes(step);
            multiplications += other.calls * (double) step.multiplications();
        }

        long calls() {
            return calls;
        }

        double seconds() {
            return wall / NANOSECONDS;
        }

        double cpuSeconds() {
            return cpu / NANOSECONDS;
        }

        double bytes() {
            return bytes;
        }

        /** Of floating-point numbers. */
        double operations() {
            return 2 * multiplications;
        }
    }

    /** How long so many threads were in a step at the same time. */
    private final long[] atWork = new long[MOST_THREADS];

    private int working;
    private long since = System.nanoTime();

    private final List<Map<PlanStep, Spent>> threads = new CopyOnWriteArrayList<>();

    // A plan gives the same objects at each run, and comparing them would take longer than small steps do.
    private final ThreadLocal<Map<PlanStep, Spent>> own = ThreadLocal.withInitial(() -> {
        Map<PlanStep, Spent> steps = new IdentityHashMap<>();
        threads.add(steps);
        return steps;
    });

    @Override
    public void around(PlanStep step, Runnable work) {
        Spent spent = own.get().computeIfAbsent(step, s -> new Spent());
        atWork(1);
        long cpu = THREADS.getCurrentThreadCpuTime();
        long from = System.nanoTime();
        work.run();
        spent.wall += System.nanoTime() - from;
        spent.cpu += THREADS.getCurrentThreadCpuTime() - cpu;
        spent.calls++;
        atWork(-1);
    }

    /** All threads together, by something that steps have in common. */
    <K extends Comparable<K>> Map<K, Spent> by(Function<PlanStep, K> group) {
        Map<K, Spent> groups = new TreeMap<>();
        for (Map<PlanStep, Spent> steps : threads) {
            steps.forEach((step, spent) ->
                    groups.computeIfAbsent(group.apply(step), k -> new Spent()).add(step, spent));
        }
        return groups;
    }

    /** Seconds that some of the threads were in no step while others were, shared out among all of them. */
    synchronized double waiting(int count) {
        double waiting = 0;
        for (int working = 1; working < Math.min(count, atWork.length); working++) {
            waiting += atWork[working] / NANOSECONDS * (count - working) / count;
        }
        return waiting;
    }

    private synchronized void atWork(int more) {
        long now = System.nanoTime();
        atWork[Math.min(working, atWork.length - 1)] += now - since;
        since = now;
        working += more;
    }
}
