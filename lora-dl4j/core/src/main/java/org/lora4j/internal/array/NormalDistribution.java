/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * Phi, the distribution function of the standard normal distribution, of whole arrays.
 *
 * <p>Phi(x) - 1/2 is an odd function, here one rational function in x^2 times x, fitted to an absolute error below 1e-8 (in
 * float arithmetic 2.4e-7) on an interval beyond which it is constant to that error. Coefficients: least squares with
 * reweighting over Chebyshev nodes, {@code docs/decisions/0004}.
 *
 * @apiNote Status: internal
 */
public final class NormalDistribution {

    private static final float BOUND = 5.6f;

    private NormalDistribution() {}

    /** x *= Phi(x): the exact Gaussian error linear unit. {@code clamped} is as long, and is overwritten. */
    public static void multiplyByIts(float[] x, float[] clamped, int n) {
        clamp(x, clamped, n, BOUND);
        timesPhi(clamped, x, n);
    }

    /**
     * Writes values to another array, those beyond a bound as the bound. In a loop of its own: HotSpot makes poor code of it
     * together with long rational functions.
     */
    public static void clamp(float[] x, float[] into, int n, float bound) {
        for (int i = 0; i < n; i++) {
            into[i] = Math.max(-bound, Math.min(bound, x[i]));
        }
    }

    // y *= Phi(clamped).
    private static void timesPhi(float[] clamped, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            float c = clamped[i];
            float t = c * c;
            float p = 2.2145332678746854e-8f;
            p = p * t + 6.3565303207723554e-6f;
            p = p * t + 1.738505088724196e-4f;
            p = p * t + 4.707258194684982e-3f;
            p = p * t + 3.437608480453491e-2f;
            p = p * t + 0.398942232131958f;
            float q = 1.180212507279066e-6f;
            q = q * t + 7.510185241699219e-5f;
            q = q * t + 1.912976847961545e-3f;
            q = q * t + 2.8940074145793915e-2f;
            q = q * t + 0.2528337836265564f;
            q = q * t + 1f;
            y[i] *= 0.5f + c * p / q;
        }
    }
}
