/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AreaUnderCurveTest {

    private static final double ROUNDING = 1e-12;

    /** Of four pairs three are in order and one is equal: 3.5 / 4. Variance (5 - 6 / 12) / (12 * 4). */
    @Test
    void equalScores_countHalf() {
        AreaUnderCurve area = AreaUnderCurve.of(new double[] {1, 2, 2, 3}, new boolean[] {false, true, false, true});

        assertThat(area.area()).isCloseTo(0.875, within(ROUNDING));
        assertThat(area.deviation()).isCloseTo(Math.sqrt(4.5 / 48), within(ROUNDING));
    }

    @Test
    void scoresInOrder_giveOne_andTheReverseGivesZero() {
        boolean[] positive = {false, false, true};

        assertThat(AreaUnderCurve.of(new double[] {1, 2, 3}, positive).area()).isEqualTo(1);
        assertThat(AreaUnderCurve.of(new double[] {3, 2, 1}, positive).area()).isZero();
    }

    /** All scores equal: nothing is told, and nothing else could have come out. */
    @Test
    void oneScoreForAll_givesAHalfWithoutDeviation() {
        AreaUnderCurve area = AreaUnderCurve.of(new double[] {7, 7, 7, 7}, new boolean[] {true, false, true, false});

        assertThat(area.area()).isEqualTo(0.5);
        assertThat(area.deviation()).isCloseTo(0, within(ROUNDING));
    }
}
