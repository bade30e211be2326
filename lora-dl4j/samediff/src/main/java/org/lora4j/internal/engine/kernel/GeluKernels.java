/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.NormalDistribution;
import org.lora4j.internal.array.ThreadArrays;

/**
 * The exact Gaussian error linear unit, x Phi(x), and its backward, dy (Phi(x) + x phi(x)).
 *
 * <p>Phi(x) - 1/2 and Phi(x) + x phi(x) - 1/2 are odd functions of x alone, so each is one rational function in x^2 times
 * x, fitted to an absolute error below 1e-8 (in float arithmetic 2.4e-7) on an interval beyond which it is constant to
 * that error. Coefficients: least squares with reweighting over Chebyshev nodes, {@code docs/decisions/0004}.
 *
 * <p>Source: Hendrycks and Gimpel 2016, <i>Gaussian error linear units</i>, arXiv 1606.08415.
 */
final class GeluKernels {

    private GeluKernels() {}

    static void forward(DenseArray[] in, DenseArray[] out) {
        Blocks.run(in[0].length(), 1, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] clamped = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            NormalDistribution.multiplyByIts(x, clamped, length);
            out[0].write(from, x, length);
        });
    }

    /** Inputs x, dy. */
    static void backward(DenseArray[] in, DenseArray[] out) {
        Blocks.run(in[0].length(), 1, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] clamped = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            NormalDistribution.clamp(x, clamped, length, 6f);
            in[1].read(from, x, length);
            timesSlope(clamped, x, length);
            out[0].write(from, x, length);
        });
    }

    // dy *= Phi(clamped) + clamped phi(clamped).
    private static void timesSlope(float[] clamped, float[] dy, int n) {
        for (int i = 0; i < n; i++) {
            float c = clamped[i];
            float t = c * c;
            float p = 1.704637142552201e-8f;
            p = p * t + 9.225324220096809e-7f;
            p = p * t + 3.4091910492861643e-5f;
            p = p * t + 2.0273220434319228e-4f;
            p = p * t + 1.3857338577508926e-2f;
            p = p * t - 2.23712008446455e-2f;
            p = p * t + 0.7978845238685608f;
            float q = 1.3147694044590708e-9f;
            q = q * t + 3.3897924822667846e-7f;
            q = q * t + 1.0307749107596464e-5f;
            q = q * t + 2.453243941999972e-4f;
            q = q * t + 3.971511032432318e-3f;
            q = q * t + 4.4133611023426056e-2f;
            q = q * t + 0.30529481172561646f;
            q = q * t + 1f;
            dy[i] *= 0.5f + c * p / q;
        }
    }
}
