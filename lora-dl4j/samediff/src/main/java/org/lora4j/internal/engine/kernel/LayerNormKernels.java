/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.ThreadArrays;

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
        int size = Blocks.size(in[0].length(), width);
        float[] gain = repeated(in[1], size);
        float[] bias = in.length > 2 ? repeated(in[2], size) : new float[size];
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            in[0].read(from, x, length);
            for (int row = 0; row < length; row += width) {
                normalize(x, row, width);
            }
            for (int i = 0; i < length; i++) {
                x[i] = x[i] * gain[i] + bias[i];
            }
            out[0].write(from, x, length);
        });
    }

    /** Inputs x, gain (, bias), dy; output dx. */
    static void backwardOfInput(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        float[] gain = repeated(in[1], Blocks.size(in[0].length(), width));
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] dy = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            in[in.length - 1].read(from, dy, length);
            float[] inverses = normalized(x, length, width);
            ofInput(x, dy, length, width, gain, inverses);
            out[0].write(from, dy, length);
        });
    }

    /** As {@link #backwardOfInput}, and further outputs dgain (, dbias). */
    static void backward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        int blocks = Blocks.count(in[0].length(), width);
        float[] gain = repeated(in[1], Blocks.size(in[0].length(), width));
        float[][] gainSums = new float[blocks][width];
        float[][] biasSums = new float[blocks][width];
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] dy = ThreadArrays.array(1, length);
            float[] product = ThreadArrays.array(2, length);
            in[0].read(from, x, length);
            in[in.length - 1].read(from, dy, length);
            float[] inverses = normalized(x, length, width);
            System.arraycopy(dy, 0, product, 0, length);
            RowLoops.multiply(x, product, length);
            addRows(product, length, width, gainSums[block]);
            addRows(dy, length, width, biasSums[block]);
            ofInput(x, dy, length, width, gain, inverses);
            out[0].write(from, dy, length);
        });
        write(gainSums, out[1]);
        if (out.length > 2) {
            write(biasSums, out[2]);
        }
    }

    private static float[] normalized(float[] x, int length, int width) {
        float[] inverses = ThreadArrays.array(3, length / width);
        for (int row = 0; row < length; row += width) {
            inverses[row / width] = normalize(x, row, width);
        }
        return inverses;
    }

    // Returns 1 / std.
    private static float normalize(float[] x, int row, int width) {
        RowLoops.add(x, row, width, -(RowLoops.sum(x, row, width) / width));
        float variance = RowLoops.dot(x, x, row, width) / width;
        float inverse = variance > 0 ? (float) (1 / Math.sqrt(variance)) : 0;
        RowLoops.multiply(x, row, width, inverse);
        return inverse;
    }

    // dy becomes dx.
    private static void ofInput(float[] x, float[] dy, int length, int width, float[] gain, float[] inverses) {
        RowLoops.multiply(gain, dy, length);
        for (int row = 0; row < length; row += width) {
            float mean = RowLoops.sum(dy, row, width) / width;
            float along = RowLoops.dot(dy, x, row, width) / width;
            float inverse = inverses[row / width];
            for (int i = row; i < row + width; i++) {
                dy[i] = (dy[i] - mean - x[i] * along) * inverse;
            }
        }
    }

    static float[] repeated(DenseArray vector, int size) {
        int width = (int) vector.length();
        float[] values = new float[Math.max(size, width)];
        vector.read(0, values, width);
        RowLoops.repeat(values, width, values, size);
        return values;
    }

    static void addRows(float[] x, int length, int width, float[] sums) {
        float[] one = ThreadArrays.array(4, width);
        for (int row = 0; row < length; row += width) {
            System.arraycopy(x, row, one, 0, width);
            RowLoops.add(one, sums, width);
        }
    }

    // Blocks are added in their order, so threads do not change the sum.
    static void write(float[][] sums, DenseArray out) {
        float[] total = new float[sums[0].length];
        for (float[] sum : sums) {
            RowLoops.add(sum, total, total.length);
        }
        out.write(0, total, total.length);
    }
}
