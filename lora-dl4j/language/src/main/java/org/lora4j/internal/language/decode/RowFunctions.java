/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.Exponential;
import org.lora4j.internal.array.NormalDistribution;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.language.Activation;
import org.lora4j.internal.language.NormKind;

/**
 * Element-wise work and norms, in loops that HotSpot makes vector code of. With {@code e = exp(-|z|)} there is no sign to look
 * at: {@code x sigmoid(z) = (max(x, 0) + e min(x, 0)) / (1 + e)} for z of the sign of x.
 */
final class RowFunctions {

    private static final float TANH_FACTOR = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float TANH_CUBE = 0.044715f;
    private static final float TINY = 1e-30f;

    private RowFunctions() {}

    /** Replaces values by those of a function; {@code work} is as long. */
    static void apply(Activation function, float[] x, float[] work, int n) {
        switch (function) {
            case GELU -> NormalDistribution.multiplyByIts(x, work, n);
            case GELU_TANH -> {
                for (int i = 0; i < n; i++) {
                    float v = x[i];
                    work[i] = -Math.abs(TANH_FACTOR * (v + TANH_CUBE * v * v * v));
                }
                timesSigmoid(x, work, n);
            }
            case SILU -> {
                for (int i = 0; i < n; i++) {
                    work[i] = -Math.abs(x[i]);
                }
                timesSigmoid(x, work, n);
            }
            case RELU -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.max(0, x[i]);
                }
            }
        }
    }

    private static void timesSigmoid(float[] x, float[] exponent, int n) {
        Exponential.apply(exponent, n);
        for (int i = 0; i < n; i++) {
            float e = exponent[i];
            x[i] = (Math.max(0, x[i]) + e * Math.min(0, x[i])) / (1 + e);
        }
    }

    /** {@code cap tanh(x / cap)}. */
    static void cap(float[] x, float[] work, int n, float cap) {
        float factor = -2 / cap;
        for (int i = 0; i < n; i++) {
            work[i] = factor * Math.abs(x[i]);
        }
        Exponential.apply(work, n);
        for (int i = 0; i < n; i++) {
            float e = work[i];
            x[i] = cap * x[i] * (1 - e) / ((1 + e) * Math.max(TINY, Math.abs(x[i])));
        }
    }

    /** Makes probabilities of the first n scores. */
    static void softmax(float[] x, int n) {
        float max = RowLoops.max(x, 0, n);
        for (int i = 0; i < n; i++) {
            x[i] -= max;
        }
        Exponential.apply(x, n);
        float factor = 1 / RowLoops.sum(x, 0, n);
        for (int i = 0; i < n; i++) {
            x[i] *= factor;
        }
    }

    /** Normalizes one group of a row; sums in double. */
    static void normalize(
            NormKind kind,
            double epsilon,
            float[] x,
            int from,
            int width,
            float[] gains,
            float[] biases,
            float[] into) {
        if (kind == NormKind.LAYER) {
            double mean = sum(x, from, width) / width;
            double variance = squares(x, from, width, mean) / width;
            double factor = 1 / Math.sqrt(variance + epsilon);
            for (int i = 0; i < width; i++) {
                into[from + i] = (float) ((x[from + i] - mean) * factor) * gains[i] + biases[i];
            }
        } else {
            float factor = (float) (1 / Math.sqrt(squares(x, from, width, 0) / width + epsilon));
            for (int i = 0; i < width; i++) {
                into[from + i] = x[from + i] * factor * gains[i];
            }
        }
    }

    private static double sum(float[] x, int from, int width) {
        double a = 0, b = 0;
        int end = from + (width & ~1);
        int i = from;
        for (; i < end; i += 2) {
            a += x[i];
            b += x[i + 1];
        }
        return i < from + width ? a + b + x[i] : a + b;
    }

    private static double squares(float[] x, int from, int width, double mean) {
        double a = 0, b = 0, c = 0, d = 0;
        int end = from + (width & ~3);
        int i = from;
        for (; i < end; i += 4) {
            double p = x[i] - mean, q = x[i + 1] - mean, r = x[i + 2] - mean, s = x[i + 3] - mean;
            a += p * p;
            b += q * q;
            c += r * r;
            d += s * s;
        }
        for (; i < from + width; i++) {
            double p = x[i] - mean;
            a += p * p;
        }
        return (a + b) + (c + d);
    }
}
