/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;

/**
 * How two updates of one module relate. Updates are scaled ones, as matrices [outputs, inputs].
 *
 * @param firstNorm Frobenius norm of the first update
 * @param secondNorm Frobenius norm of the second update
 * @param cosine the sum of products of their elements over both norms, in [-1, 1]; NaN if an update is zero
 * @param columnAngles principal angles between the spaces of outputs that the updates reach, in radians, rising, in
 *     [0, pi/2]; as many as the smaller of the two ranks
 * @param rowAngles principal angles between the spaces of inputs that the updates see, likewise
 * @param columnOverlaps squared cosines between the left singular vectors of the updates: a list for each vector of
 *     the first, in order of its singular values, with a number for each vector of the second
 * @param rowOverlaps squared cosines between the right singular vectors, likewise
 * @apiNote Status: experimental
 */
public record ModuleComparison(
        double firstNorm,
        double secondNorm,
        double cosine,
        List<Double> columnAngles,
        List<Double> rowAngles,
        List<List<Double>> columnOverlaps,
        List<List<Double>> rowOverlaps) {

    /**
     * Copies the lists.
     *
     * @param firstNorm norm of the first update
     * @param secondNorm norm of the second update
     * @param cosine cosine between the updates
     * @param columnAngles angles between the column spaces
     * @param rowAngles angles between the row spaces
     * @param columnOverlaps squared cosines between left singular vectors
     * @param rowOverlaps squared cosines between right singular vectors
     */
    public ModuleComparison {
        columnAngles = List.copyOf(columnAngles);
        rowAngles = List.copyOf(rowAngles);
        columnOverlaps = columnOverlaps.stream().map(List::copyOf).toList();
        rowOverlaps = rowOverlaps.stream().map(List::copyOf).toList();
    }

    /**
     * How alike the strongest directions of the two updates are among outputs: {@code |U1^T U2|^2 / min(i, j)} of the
     * first i left singular vectors of the first update and the first j of the second (Hu et al. 2021, arXiv
     * 2106.09685, equation 4).
     *
     * @param i from 1 to the rank of the first update
     * @param j from 1 to the rank of the second update
     * @return from 0, the spaces are orthogonal, to 1, one holds the other
     * @throws IllegalArgumentException if i or j is out of range
     */
    public double columnSimilarity(int i, int j) {
        return similarity("columnSimilarity", columnOverlaps, i, j);
    }

    /**
     * How alike the strongest directions of the two updates are among inputs, from right singular vectors, likewise.
     *
     * @param i from 1 to the rank of the first update
     * @param j from 1 to the rank of the second update
     * @return from 0, the spaces are orthogonal, to 1, one holds the other
     * @throws IllegalArgumentException if i or j is out of range
     */
    public double rowSimilarity(int i, int j) {
        return similarity("rowSimilarity", rowOverlaps, i, j);
    }

    private static double similarity(String call, List<List<Double>> overlaps, int i, int j) {
        int first = overlaps.size();
        int second = first == 0 ? 0 : overlaps.get(0).size();
        Problems problems = new Problems();
        problems.check(
                i >= 1 && i <= first, "i = " + i + ", expected from 1 to the rank " + first + " of the first update");
        problems.check(
                j >= 1 && j <= second,
                "j = " + j + ", expected from 1 to the rank " + second + " of the second update");
        problems.throwIfAny("ModuleComparison." + call);
        double sum = overlaps.subList(0, i).stream()
                .flatMap(row -> row.subList(0, j).stream())
                .mapToDouble(Double::doubleValue)
                .sum();
        return Math.min(1, sum / Math.min(i, j));
    }

    /** Of all directions of the update that has fewer; NaN if one is zero. */
    private static double similarity(List<List<Double>> overlaps) {
        return overlaps.isEmpty() || overlaps.get(0).isEmpty()
                ? Double.NaN
                : similarity(
                        "similarity", overlaps, overlaps.size(), overlaps.get(0).size());
    }

    /** How much of the outputs that the smaller update reaches the other reaches, too; NaN if one is zero. */
    double columnSimilarity() {
        return similarity(columnOverlaps);
    }

    /** How much of the inputs that the smaller update sees the other sees, too; NaN if one is zero. */
    double rowSimilarity() {
        return similarity(rowOverlaps);
    }

    /** Numbers and lists only; null where an update of zero leaves something undefined. */
    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("firstNorm", firstNorm);
        values.put("secondNorm", secondNorm);
        values.put("cosine", Double.isNaN(cosine) ? null : cosine);
        values.put("columnAngles", columnAngles);
        values.put("rowAngles", rowAngles);
        values.put("columnOverlaps", columnOverlaps);
        values.put("rowOverlaps", rowOverlaps);
        return values;
    }

    static ModuleComparison of(ModuleFactors first, ModuleFactors second) {
        SingularValues one = first.singularValues();
        SingularValues two = second.singularValues();
        SingularValues spanOne = one.truncated(one.rank());
        SingularValues spanTwo = two.truncated(two.rank());
        return new ModuleComparison(
                one.norm(0),
                two.norm(0),
                cosine(one, two),
                angles(spanOne.left(), spanTwo.left()),
                angles(spanOne.right(), spanTwo.right()),
                overlaps(spanOne.left(), spanTwo.left()),
                overlaps(spanOne.right(), spanTwo.right()));
    }

    private static List<List<Double>> overlaps(Matrix one, Matrix two) {
        Matrix cosines = one.times(two.transposed());
        return IntStream.range(0, cosines.rows())
                .mapToObj(i -> Arrays.stream(cosines.row(i))
                        .map(cosine -> cosine * cosine)
                        .boxed()
                        .toList())
                .toList();
    }

    /** The updates are sums of values times outer products, whose inner products factor. */
    private static double cosine(SingularValues one, SingularValues two) {
        if (one.norm(0) == 0 || two.norm(0) == 0) {
            return Double.NaN;
        }
        Matrix left = one.left().times(two.left().transposed());
        Matrix right = one.right().times(two.right().transposed());
        double sum = 0;
        for (int i = 0; i < left.rows(); i++) {
            for (int j = 0; j < left.columns(); j++) {
                double both = one.values()[i] / one.norm(0) * (two.values()[j] / two.norm(0));
                sum += both * left.get(i, j) * right.get(i, j);
            }
        }
        return Math.max(-1, Math.min(1, sum));
    }

    /**
     * Small angles come from their sines, large ones from their cosines, because neither resolves both: Björck and Golub,
     * "Numerical methods for computing angles between linear subspaces", 1973.
     */
    private static List<Double> angles(Matrix one, Matrix two) {
        if (two.rows() > one.rows()) {
            return angles(two, one);
        }
        Matrix shared = two.times(one.transposed());
        double[] cosines = SingularValues.of(shared).values();
        double[] sines = SingularValues.of(two.plus(-1, shared.times(one))).values();
        List<Double> angles = new ArrayList<>();
        for (int i = 0; i < two.rows(); i++) {
            double sine = Math.min(1, sines[two.rows() - 1 - i]);
            angles.add(cosines[i] * cosines[i] < 0.5 ? Math.acos(cosines[i]) : Math.asin(sine));
        }
        return angles;
    }
}
