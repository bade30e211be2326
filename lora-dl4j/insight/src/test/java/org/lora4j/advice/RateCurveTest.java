/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RateCurveTest {

    private static final double ROUNDING = 1e-12;

    @Test
    void rate_risesByEqualFactors() {
        // From 1e-5 to 1e-1 in five steps: a factor of ten each.
        assertThat(RateCurve.rate(1e-5, 1e-1, 5, 0)).isEqualTo(1e-5);
        assertThat(RateCurve.rate(1e-5, 1e-1, 5, 2)).isCloseTo(1e-3, within(ROUNDING));
        assertThat(RateCurve.rate(1e-5, 1e-1, 5, 4)).isCloseTo(1e-1, within(ROUNDING));
    }

    @Test
    void smoothed_isTheMeanByFallingWeights() {
        RateCurve curve = new RateCurve(1e-5, 1e-1, 5);

        curve.add(4);
        curve.add(2);
        curve.add(1);

        // 4; (0.09 * 4 + 0.1 * 2) / 0.19; (0.081 * 4 + 0.09 * 2 + 0.1 * 1) / 0.271
        assertThat(curve.points().get(0).smoothed()).isCloseTo(4, within(ROUNDING));
        assertThat(curve.points().get(1).smoothed()).isCloseTo(0.56 / 0.19, within(ROUNDING));
        assertThat(curve.points().get(2).smoothed()).isCloseTo(0.604 / 0.271, within(ROUNDING));
        assertThat(curve.points().get(2).loss()).isEqualTo(1);
        assertThat(curve.fallsToTheEnd()).isTrue();
    }

    @Test
    void lowestPoint_ofLossesThatFallAndRise_liesWhereTheSmoothedLossTurns() {
        RateCurve curve = new RateCurve(1e-4, 1e-1, 4);

        // Smoothed: 3, (0.27 + 0.1) / 0.19 = 1.947, (0.243 + 0.09 + 0.1 * 1.9) / 0.271 = 1.930, (0.2187 + 0.081 + 0.171
        // + 0.3)
        // / 0.3439 = 2.241
        for (double loss : new double[] {3, 1, 1.9, 3}) {
            assertThat(curve.add(loss)).isFalse();
        }

        assertThat(curve.lowestPoint().rate()).isCloseTo(1e-2, within(ROUNDING));
        assertThat(curve.fallsToTheEnd()).isFalse();
        // The start is the point after a tenth of the steps, here the first.
        assertThat(curve.fall()).isCloseTo((3 - 0.523 / 0.271) / 3, within(ROUNDING));
    }

    @Test
    void add_whenTheSmoothedLossIsFourTimesTheLowest_endsTheTest() {
        RateCurve curve = new RateCurve(1e-4, 1e-1, 4);

        assertThat(curve.add(1)).isFalse();
        // (0.09 + 0.1 * 6.6) / 0.19 = 3.947, and with 6.8 it is 4.053.
        assertThat(curve.add(6.6)).isFalse();
        RateCurve other = new RateCurve(1e-4, 1e-1, 4);
        other.add(1);
        assertThat(other.add(6.8)).isTrue();
    }
}
