/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.random.RandomStreams;

/**
 * How flat the gradient of the loss by a weight is: by Eckart and Young (1936) the squares of its first r singular values, by the sum of
 * all squares, are the share of its energy that an update of rank r can have. For the first step of gradient descent that is the share of the
 * fall of the loss (LoRA-GA, arXiv 2407.05000, theorem 3.1).
 *
 * <p>Costs a decomposition of each matrix: whole up to {@value #WHOLE} rows or columns, else its first {@value #VALUES} values by
 * random combinations (Halko, Martinsson, Tropp 2011, arXiv 0909.4061).
 *
 * @param energy the sum of all squares
 * @param squares the first squared singular values, descending
 * @param side the smaller side of the matrix
 */
record GradientSpectrum(double energy, double[] squares, int side) {

    private static final int WHOLE = 160;
    private static final int VALUES = 64;
    private static final int ITERATIONS = 2;

    static GradientSpectrum of(String path, Matrix gradient, long seed) {
        int side = Math.min(gradient.rows(), gradient.columns());
        SingularValues svd = side <= WHOLE
                ? SingularValues.of(gradient)
                : SingularValues.randomized(gradient, VALUES, ITERATIONS, RandomStreams.of(seed, path));
        double norm = gradient.norm();
        return new GradientSpectrum(
                norm * norm,
                Arrays.stream(svd.values()).map(value -> value * value).toArray(),
                side);
    }

    static Map<String, GradientSpectrum> of(Map<String, Matrix> gradients, long seed) {
        Map<String, GradientSpectrum> spectra = new LinkedHashMap<>();
        gradients.forEach((path, gradient) -> spectra.put(path, of(path, gradient, seed)));
        return spectra;
    }

    /** The energy within a rank. */
    double within(int rank) {
        return Math.min(
                energy,
                IntStream.range(0, Math.min(rank, squares.length))
                        .mapToDouble(i -> squares[i])
                        .sum());
    }

    /** All energy by that of the first direction, 1 for a matrix of rank 1: the stable rank (Rudelson and Vershynin 2007). */
    double stableRank() {
        return energy > 0 ? energy / squares[0] : 0;
    }

    /** The share of all energy that updates of one rank can have. */
    static double share(Map<String, GradientSpectrum> spectra, int rank) {
        double all =
                spectra.values().stream().mapToDouble(GradientSpectrum::energy).sum();
        return spectra.values().stream().mapToDouble(one -> one.within(rank)).sum() / all;
    }
}
