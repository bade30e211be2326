/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Which of the two times of a {@link Turn} ratios are made of. */
enum TimedBy {
    /** What users wait for; the default. */
    WALL(Turn::seconds),
    /** What is computed, without waiting for a processor that others use: for ratios on a machine that is not quiet. */
    PROCESSOR(Turn::cpuSeconds);

    private final ToDoubleFunction<Turn> time;

    TimedBy(ToDoubleFunction<Turn> time) {
        this.time = time;
    }

    static TimedBy of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    double seconds(Turn turn) {
        return time.applyAsDouble(turn);
    }
}
