/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.ArrayList;
import java.util.List;
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
 * @apiNote Status: experimental
 */
public record ModuleComparison(
        double firstNorm, double secondNorm, double cosine, List<Double> columnAngles, List<Double> rowAngles) {

    /**
     * Copies the angles.
     *
     * @param firstNorm norm of the first update
     * @param secondNorm norm of the second update
     * @param cosine cosine between the updates
     * @param columnAngles angles between the column spaces
     * @param rowAngles angles between the row spaces
     */
    public ModuleComparison {
        columnAngles = List.copyOf(columnAngles);
        rowAngles = List.copyOf(rowAngles);
    }

    static ModuleComparison of(Factors first, Factors second) {
        SingularValues one = first.singularValues();
        SingularValues two = second.singularValues();
        SingularValues spanOne = one.truncated(one.rank());
        SingularValues spanTwo = two.truncated(two.rank());
        return new ModuleComparison(
                one.norm(0),
                two.norm(0),
                cosine(one, two),
                angles(spanOne.left(), spanTwo.left()),
                angles(spanOne.right(), spanTwo.right()));
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
