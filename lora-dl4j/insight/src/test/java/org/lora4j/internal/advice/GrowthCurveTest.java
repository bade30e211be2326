/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class GrowthCurveTest {

    private static final int[] SIZES = {50, 100, 200, 400};

    /** Errors 0.4, 0.2, 0.1 halve with every doubling: the next is 0.05. */
    @Test
    void nextGain_followsThePowerLawOfTheErrors() {
        assertThat(GrowthCurve.nextGain(SIZES, new double[] {0.1, 0.6, 0.8, 0.9}))
                .isCloseTo(0.05, within(1e-12));
    }

    @Test
    void nextGain_isNothing_whereErrorsGrowOrThereAreNone() {
        assertThat(GrowthCurve.nextGain(SIZES, new double[] {0.9, 0.8, 0.7, 0.6}))
                .isZero();
        assertThat(GrowthCurve.nextGain(SIZES, new double[] {0.9, 1, 1, 1})).isZero();
        assertThat(GrowthCurve.nextGain(SIZES, new double[] {0.9, 1, 1, 0.9})).isZero();
    }
}
