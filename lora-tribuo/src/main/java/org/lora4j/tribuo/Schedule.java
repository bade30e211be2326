/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.function.Function;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Warmup;

/**
 * How the learning rate goes on after the warm-up.
 *
 * @apiNote Status: stable
 */
public enum Schedule {
    /** It stays. */
    CONSTANT(LearningRateSchedule::constant),
    /** Down to 0 in a straight line. */
    LINEAR(LearningRateSchedule::linear),
    /** Down to 0 along half a cosine. */
    COSINE(LearningRateSchedule::cosine);

    // Not methods of the constants: OLCUT does not read enums back whose constants have bodies.
    private final Function<Warmup, LearningRateSchedule> factory;

    Schedule(Function<Warmup, LearningRateSchedule> factory) {
        this.factory = factory;
    }

    LearningRateSchedule of(Warmup warmup) {
        return factory.apply(warmup);
    }
}
