/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExponentialTest {

    private static final int STEPS = 200_000;

    private static float[] exp(float... x) {
        Exponential.apply(x, x.length);
        return x;
    }

    @Test
    void apply_isExactToTwoUnitsInTheLastPlace_downToExpOfMinus70() {
        float[] x = new float[STEPS];
        for (int i = 0; i < STEPS; i++) {
            x[i] = -70f * i / STEPS;
        }
        float[] y = exp(x.clone());

        double worst = 0;
        for (int i = 0; i < STEPS; i++) {
            worst = Math.max(worst, Math.abs(y[i] / Math.exp(x[i]) - 1));
        }

        assertThat(worst).isLessThan(2e-7);
    }

    @Test
    void apply_isOneAtZero_andExactlyZeroFarOut() {
        assertThat(exp(0f, -0f, -86f, -87f, -1e9f, Float.NEGATIVE_INFINITY)).containsExactly(1, 1, 0, 0, 0, 0);
    }

    @Test
    void apply_betweenTheBounds_neverRisesAboveTheTrueValue_norFallsBelowZero() {
        float[] x = new float[1600];
        for (int i = 0; i < x.length; i++) {
            x[i] = -70 - i / 100f;
        }
        float[] y = exp(x.clone());

        for (int i = 0; i < x.length; i++) {
            assertThat((double) y[i]).isBetween(0.0, Math.exp(x[i]) * (1 + 2e-7));
        }
    }

    @Test
    void apply_keepsNaN() {
        assertThat(exp(Float.NaN, 0f)).containsExactly(Float.NaN, 1);
    }
}
