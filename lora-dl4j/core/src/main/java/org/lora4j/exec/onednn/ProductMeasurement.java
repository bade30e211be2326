/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.exec.onednn.ProductChoice.Library;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Measures which library is faster for each kind of products, with one native thread, as a part of a batch has it: both in turns,
 * the best time of each counts. OpenBLAS must be a twentieth faster, so that noise changes nothing; for layers a row must also give
 * what it gives in another batch.
 */
final class ProductMeasurement {

    private static final int ROUNDS = 12;
    private static final double CLEARLY = 0.95;
    private static final int ROWS = 1024;
    private static final int RANK = 8;
    /** Sides of layers of small encoders. */
    private static final int[][] SIDES = {{384, 384}, {384, 1536}, {1536, 384}};

    private final DnnlMultiplier oneDnn = by(Library.ONEDNN);
    private final DnnlMultiplier openBlas = by(Library.OPENBLAS);
    private final SplittableRandom random = new SplittableRandom(1);

    private final int rounds;

    private ProductMeasurement(int rounds) {
        this.rounds = rounds;
    }

    /** Takes some seconds. */
    static ProductChoice measure() {
        return measure(ROUNDS);
    }

    /** The best of so many rounds counts. */
    static ProductChoice measure(int rounds) {
        return NativeThreads.one(() -> new ProductMeasurement(rounds).choice());
    }

    private static DnnlMultiplier by(Library library) {
        return new DnnlMultiplier(MathMode.STRICT_F32, false, new ProductChoice(library, library, library), () -> 1);
    }

    private ProductChoice choice() {
        double[] layers = new double[2];
        double[] updates = new double[2];
        double[] gradients = new double[2];
        for (int[] sides : SIDES) {
            INDArray x = matrix(ROWS, sides[0]);
            INDArray w = matrix(sides[0], sides[1]);
            INDArray back = matrix(sides[1], sides[0]);
            INDArray g = matrix(ROWS, sides[1]);
            INDArray gradient = matrix(sides[0], sides[1]);
            INDArray thin = matrix(ROWS, RANK);
            INDArray b = matrix(RANK, sides[1]);
            time(layers, by -> by.multiply(product(x, w, false), g, 0));
            time(layers, by -> by.multiply(product(x, back, true), g, 0));
            time(updates, by -> by.multiply(product(thin, b, false), g, 1));
            time(
                    gradients,
                    by -> by.multiply(
                            new Product(1, new Factor(x, true, false), new Factor(g, false, false), true),
                            gradient,
                            0));
        }
        return new ProductChoice(
                faster(layers) == Library.OPENBLAS && keepsRows() ? Library.OPENBLAS : Library.ONEDNN,
                faster(updates),
                faster(gradients));
    }

    private static Product product(INDArray x, INDArray w, boolean transposed) {
        return new Product(new Factor(x, false, false), new Factor(w, transposed, true));
    }

    @FunctionalInterface
    private interface Work {
        void by(DnnlMultiplier multiplier);
    }

    private void time(double[] sums, Work work) {
        double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
        for (int round = 0; round < rounds; round++) {
            for (int which = 0; which < best.length; which++) {
                long start = System.nanoTime();
                work.by(which == 0 ? oneDnn : openBlas);
                best[which] = Math.min(best[which], System.nanoTime() - start);
            }
        }
        sums[0] += best[0];
        sums[1] += best[1];
    }

    private static Library faster(double[] sums) {
        return sums[1] < CLEARLY * sums[0] ? Library.OPENBLAS : Library.ONEDNN;
    }

    /** Whether OpenBLAS gives a row the same bits in batches of several sizes. */
    private boolean keepsRows() {
        int inner = SIDES[0][0];
        int outer = SIDES[0][1];
        INDArray x = matrix(ROWS, inner);
        INDArray w = matrix(inner, outer);
        INDArray all = Nd4j.createUninitialized(ROWS, outer);
        openBlas.multiply(product(x, w, false), all, 0);
        return IntStream.of(1, 2, 3, 5, 7, 8, 13, 31, 64, 100, 257).allMatch(rows -> {
            INDArray some = Nd4j.createUninitialized(rows, outer);
            openBlas.multiply(product(x.get(interval(rows)), w, false), some, 0);
            return some.equalsWithEps(all.get(interval(rows)), 0);
        });
    }

    private static INDArrayIndex interval(int rows) {
        return NDArrayIndex.interval(0, rows);
    }

    private INDArray matrix(int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble() - 0.5f;
        }
        return Nd4j.createFromArray(values).reshape(rows, columns);
    }
}
