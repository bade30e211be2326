/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A JMH benchmark in which stock and adapted networks take turns.
 *
 * <p>JMH runs benchmarks one after the other. On a machine that others use, a ratio of two of them compares two moods of the
 * machine. So here one iteration is one turn of all contenders, every other turn in reverse order, and {@link Spent} tells
 * the time of each. A figure is the median of the ratios within each turn.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class Turns {

    private static final long NANOSECONDS_AT_A_TIME = 20_000_000;
    private static final int WARM_UP = 2;
    private static final int MOST_REPETITIONS = 64;

    /** Name of a {@code Model}. */
    @Param("")
    public String model;

    private Clock clock;
    private Map<Contender, Runnable> work;
    private Map<Contender, Integer> repetitions;
    private List<Contender> order;

    /** Called by JMH. */
    public Turns() {}

    /** Makes the networks, and finds how often each contender repeats so that a turn is long enough to time. */
    @Setup
    public void start() {
        clock = Clock.ofThisProcess();
        work = Work.of(Model.valueOf(model));
        order = new ArrayList<>(work.keySet());
        repetitions = new EnumMap<>(Contender.class);
        work.forEach((contender, once) -> {
            repeat(once, WARM_UP);
            long single = Math.max(1, repeat(once, 1));
            repetitions.put(contender, (int) Math.max(1, Math.min(MOST_REPETITIONS, NANOSECONDS_AT_A_TIME / single)));
        });
    }

    /**
     * One turn.
     *
     * @param spent receives the times
     */
    @Benchmark
    public void turn(Spent spent) {
        for (Contender contender : order) {
            int times = repetitions.get(contender);
            contender.record(spent, repeat(work.get(contender), times) / times);
        }
        Collections.reverse(order);
    }

    private long repeat(Runnable once, int times) {
        long from = clock.now();
        for (int i = 0; i < times; i++) {
            once.run();
        }
        return clock.now() - from;
    }
}
