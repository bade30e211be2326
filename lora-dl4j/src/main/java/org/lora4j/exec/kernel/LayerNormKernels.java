/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import org.lora4j.array.DenseArray;

/**
 * Layer normalization over the last dimension as ND4J's {@code layer_norm} defines it (no epsilon, zeros for a row of
 * equal values), and its backward.
 *
 * <p>With n = (x - mean) / std: y = gain n (+ bias); dn = gain dy; dx = (dn - mean(dn) - n mean(dn n)) / std.
 *
 * <p>Source: Ba, Kiros and Hinton 2016, <i>Layer normalization</i>, arXiv 1607.06450.
 */
final class LayerNormKernels {

    private LayerNormKernels() {}

    /** Inputs x, gain (, bias). */
    static void forward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        float[] gain = vector(in[1]);
        float[] bias = in.length > 2 ? vector(in[2]) : new float[width];
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = Scratch.array(0, length);
            in[0].read(from, x, length);
            for (int row = 0; row < length; row += width) {
                float mean = sum(x, row, width) / width;
                subtract(x, row, width, mean);
                float inverse = inverse(dot(x, row, x, row, width) / width);
                for (int i = 0; i < width; i++) {
                    x[row + i] = x[row + i] * inverse * gain[i] + bias[i];
                }
            }
            out[0].write(from, x, length);
        });
    }

    /** Inputs x, gain (, bias), dy; outputs dx, dgain (, dbias). */
    static void backward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        int blocks = Blocks.count(in[0].length(), width);
        float[] gain = vector(in[1]);
        DenseArray dyArray = in[in.length - 1];
        float[][] gainSums = new float[blocks][width];
        float[][] biasSums = new float[blocks][width];
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = Scratch.array(0, length);
            float[] dy = Scratch.array(1, length);
            in[0].read(from, x, length);
            dyArray.read(from, dy, length);
            for (int row = 0; row < length; row += width) {
                row(x, dy, row, width, gain, gainSums[block], biasSums[block]);
            }
            out[0].write(from, dy, length);
        });
        write(gainSums, out[1]);
        if (out.length > 2) {
            write(biasSums, out[2]);
        }
    }

    private static void row(float[] x, float[] dy, int row, int width, float[] gain, float[] gainSum, float[] biasSum) {
        float mean = sum(x, row, width) / width;
        subtract(x, row, width, mean);
        float inverse = inverse(dot(x, row, x, row, width) / width);
        scale(x, row, width, inverse);
        for (int i = 0; i < width; i++) {
            gainSum[i] += dy[row + i] * x[row + i];
        }
        for (int i = 0; i < width; i++) {
            biasSum[i] += dy[row + i];
        }
        for (int i = 0; i < width; i++) {
            dy[row + i] *= gain[i];
        }
        float meanDn = sum(dy, row, width) / width;
        float along = dot(dy, row, x, row, width) / width;
        for (int i = 0; i < width; i++) {
            dy[row + i] = (dy[row + i] - meanDn - x[row + i] * along) * inverse;
        }
    }

    private static float inverse(float variance) {
        return variance > 0 ? (float) (1 / Math.sqrt(variance)) : 0;
    }

    private static float[] vector(DenseArray array) {
        float[] values = new float[(int) array.length()];
        array.read(0, values, values.length);
        return values;
    }

    // Blocks are added in their order, so threads do not change the sum.
    private static void write(float[][] sums, DenseArray out) {
        float[] total = new float[sums[0].length];
        for (float[] sum : sums) {
            for (int i = 0; i < total.length; i++) {
                total[i] += sum[i];
            }
        }
        out.write(0, total, total.length);
    }

    private static void subtract(float[] x, int row, int width, float value) {
        for (int i = 0; i < width; i++) {
            x[row + i] -= value;
        }
    }

    private static void scale(float[] x, int row, int width, float value) {
        for (int i = 0; i < width; i++) {
            x[row + i] *= value;
        }
    }

    /** In eight partial sums: additions that do not wait for each other, and less rounding than one running sum. */
    static float sum(float[] x, int from, int n) {
        float a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        int i = 0;
        for (; i + 8 <= n; i += 8) {
            int k = from + i;
            a += x[k];
            b += x[k + 1];
            c += x[k + 2];
            d += x[k + 3];
            e += x[k + 4];
            f += x[k + 5];
            g += x[k + 6];
            h += x[k + 7];
        }
        for (; i < n; i++) {
            a += x[from + i];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }

    /** As {@link #sum}, of products. */
    static float dot(float[] x, int fromX, float[] y, int fromY, int n) {
        float a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        int i = 0;
        for (; i + 8 <= n; i += 8) {
            int k = fromX + i;
            int l = fromY + i;
            a += x[k] * y[l];
            b += x[k + 1] * y[l + 1];
            c += x[k + 2] * y[l + 2];
            d += x[k + 3] * y[l + 3];
            e += x[k + 4] * y[l + 4];
            f += x[k + 5] * y[l + 5];
            g += x[k + 6] * y[l + 6];
            h += x[k + 7] * y[l + 7];
        }
        for (; i < n; i++) {
            a += x[fromX + i] * y[fromY + i];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
}
