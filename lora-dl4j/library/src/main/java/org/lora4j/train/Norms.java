/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Norms and element-wise changes of whole arrays of type FLOAT or DOUBLE. */
final class Norms {

    // Squares of doubles outside of this range are lost or infinite.
    private static final double SMALL = 1e-140;
    private static final double LARGE = 1e140;

    private Norms() {}

    /** The Euclidean norm: NaN or infinite exactly if an element is, and 0 exactly if all elements are. */
    static double norm(INDArray array) {
        try (DenseArray dense = DenseArray.of(array)) {
            return dense.isFloat() ? floats(dense) : doubles(dense);
        }
    }

    private static double floats(DenseArray dense) {
        float[] x = new float[dense.blockLength()];
        double sum = 0;
        for (int block = 0; block < dense.blocks(); block++) {
            dense.read(block, x);
            sum += Loops.sumOfSquares(x, dense.length(block));
        }
        return Math.sqrt(sum);
    }

    private static double doubles(DenseArray dense) {
        double[] x = new double[dense.blockLength()];
        double largest = 0;
        for (int block = 0; block < dense.blocks(); block++) {
            dense.read(block, x);
            largest = Math.max(largest, Loops.largest(x, dense.length(block)));
        }
        if (largest == 0 || !Double.isFinite(largest)) {
            return largest;
        }
        double factor = largest < SMALL || largest > LARGE ? 1 / Math.max(largest, Double.MIN_NORMAL) : 1;
        double sum = 0;
        for (int block = 0; block < dense.blocks(); block++) {
            dense.read(block, x);
            sum += Loops.sumOfSquares(x, factor, dense.length(block));
        }
        return Math.sqrt(sum) / factor;
    }

    /** Limits every element to [-limit, limit], in place. */
    static void clamp(INDArray array, double limit) {
        inPlace(array, (x, n) -> Loops.clamp(x, (float) limit, n), (x, n) -> Loops.clamp(x, limit, n));
    }

    /** {@code sum += factor * array}, in place; the two have one shape and type. */
    static void addScaled(INDArray sum, INDArray array, double factor) {
        try (DenseArray y = DenseArray.of(sum);
                DenseArray x = DenseArray.like(array, y)) {
            if (y.isFloat()) {
                float[] yBlock = new float[y.blockLength()];
                float[] xBlock = new float[y.blockLength()];
                for (int block = 0; block < y.blocks(); block++) {
                    y.read(block, yBlock);
                    x.read(block, xBlock);
                    Loops.addScaled(yBlock, xBlock, (float) factor, y.length(block));
                    y.write(block, yBlock);
                }
            } else {
                double[] yBlock = new double[y.blockLength()];
                double[] xBlock = new double[y.blockLength()];
                for (int block = 0; block < y.blocks(); block++) {
                    y.read(block, yBlock);
                    x.read(block, xBlock);
                    Loops.addScaled(yBlock, xBlock, factor, y.length(block));
                    y.write(block, yBlock);
                }
            }
            y.flush();
        }
    }

    private interface Floats {
        void apply(float[] x, int n);
    }

    private interface Doubles {
        void apply(double[] x, int n);
    }

    private static void inPlace(INDArray array, Floats onFloats, Doubles onDoubles) {
        try (DenseArray dense = DenseArray.of(array)) {
            if (dense.isFloat()) {
                float[] x = new float[dense.blockLength()];
                for (int block = 0; block < dense.blocks(); block++) {
                    dense.read(block, x);
                    onFloats.apply(x, dense.length(block));
                    dense.write(block, x);
                }
            } else {
                double[] x = new double[dense.blockLength()];
                for (int block = 0; block < dense.blocks(); block++) {
                    dense.read(block, x);
                    onDoubles.apply(x, dense.length(block));
                    dense.write(block, x);
                }
            }
            dense.flush();
        }
    }
}
