/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * tanh(x) in float arithmetic, to a few roundings: a rational function of degrees 13 and 6, 1 to a rounding where it ends. The
 * coefficients are Eigen's ({@code ptanh_float}).
 *
 * @apiNote Status: internal
 */
public final class HyperbolicTangent {

    private static final float END = 7.90531110763549805f;

    private HyperbolicTangent() {}

    /** Replaces n values. */
    public static void apply(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            float c = Math.max(-END, Math.min(END, x[i]));
            float t = c * c;
            float p = -2.76076847742355e-16f;
            p = p * t + 2.00018790482477e-13f;
            p = p * t - 8.60467152213735e-11f;
            p = p * t + 5.12229709037114e-08f;
            p = p * t + 1.48572235717979e-05f;
            p = p * t + 6.37261928875436e-04f;
            p = p * t + 4.89352455891786e-03f;
            float q = 1.19825839466702e-06f;
            q = q * t + 1.18534705686654e-04f;
            q = q * t + 2.26843463243900e-03f;
            q = q * t + 4.89352518554385e-03f;
            x[i] = c * p / q;
        }
    }
}
