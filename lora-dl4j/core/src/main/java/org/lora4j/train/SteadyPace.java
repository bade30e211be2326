/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How long a step takes now. The first steps plan the graph and warm the JVM up and are left out, and so are later ones that
 * took far longer than most, as those do that plan for a new shape.
 */
final class SteadyPace {

    private static final int WARM_UP = 3;
    private static final int FEWEST = 2;
    private static final int RECENT = 50;
    private static final int FAR = 5;

    private final long[] recent = new long[RECENT];
    private long steps;

    void record(long nanos) {
        if (steps >= WARM_UP) {
            recent[(int) ((steps - WARM_UP) % RECENT)] = nanos;
        }
        steps++;
    }

    /** Empty while too little is known. */
    OptionalDouble nanosPerStep() {
        int known = (int) Math.min(steps - WARM_UP, RECENT);
        if (known < FEWEST) {
            return OptionalDouble.empty();
        }
        long[] sorted = Arrays.copyOf(recent, known);
        Arrays.sort(sorted);
        long median = sorted[(known - 1) / 2];
        return Arrays.stream(sorted).filter(nanos -> nanos <= FAR * median).average();
    }
}
