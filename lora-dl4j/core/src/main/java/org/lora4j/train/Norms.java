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
        double[] sums = new double[dense.blocks()];
        Passes.over(dense, () -> {
            float[] x = new float[dense.blockLength()];
            return block -> {
                dense.read(block, x);
                sums[block] = Loops.sumOfSquares(x, dense.length(block));
            };
        });
        return Math.sqrt(total(sums));
    }

    private static double doubles(DenseArray dense) {
        double[] ofBlocks = new double[dense.blocks()];
        Passes.over(dense, () -> {
            double[] x = new double[dense.blockLength()];
            return block -> {
                dense.read(block, x);
                ofBlocks[block] = Loops.largest(x, dense.length(block));
            };
        });
        double largest = Loops.largest(ofBlocks, ofBlocks.length);
        if (largest == 0 || !Double.isFinite(largest)) {
            return largest;
        }
        double factor = largest < SMALL || largest > LARGE ? 1 / Math.max(largest, Double.MIN_NORMAL) : 1;
        Passes.over(dense, () -> {
            double[] x = new double[dense.blockLength()];
            return block -> {
                dense.read(block, x);
                ofBlocks[block] = Loops.sumOfSquares(x, factor, dense.length(block));
            };
        });
        return Math.sqrt(total(ofBlocks)) / factor;
    }

    // In the order of the blocks, whoever did them.
    private static double total(double[] sums) {
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
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
                Passes.over(y, () -> {
                    float[] yBlock = new float[y.blockLength()];
                    float[] xBlock = new float[y.blockLength()];
                    return block -> {
                        y.read(block, yBlock);
                        x.read(block, xBlock);
                        Loops.addScaled(yBlock, xBlock, (float) factor, y.length(block));
                        y.write(block, yBlock);
                    };
                });
            } else {
                Passes.over(y, () -> {
                    double[] yBlock = new double[y.blockLength()];
                    double[] xBlock = new double[y.blockLength()];
                    return block -> {
                        y.read(block, yBlock);
                        x.read(block, xBlock);
                        Loops.addScaled(yBlock, xBlock, factor, y.length(block));
                        y.write(block, yBlock);
                    };
                });
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
                Passes.over(dense, () -> {
                    float[] x = new float[dense.blockLength()];
                    return block -> {
                        dense.read(block, x);
                        onFloats.apply(x, dense.length(block));
                        dense.write(block, x);
                    };
                });
            } else {
                Passes.over(dense, () -> {
                    double[] x = new double[dense.blockLength()];
                    return block -> {
                        dense.read(block, x);
                        onDoubles.apply(x, dense.length(block));
                        dense.write(block, x);
                    };
                });
            }
            dense.flush();
        }
    }
}
