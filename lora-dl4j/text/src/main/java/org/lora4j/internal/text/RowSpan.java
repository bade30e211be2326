/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.array.VectorLoops;

/**
 * Few vectors of many numbers, in coordinates of the space that they span, by an orthonormal basis of Gram and Schmidt. Each vector is
 * made orthogonal twice, which is enough (Giraud et al. 2005, The loss of orthogonality in the Gram-Schmidt orthogonalization process).
 * Products with the vectors, and norms of weights within the space, are the same in both.
 */
final class RowSpan {

    /** What rounding leaves of a vector that the others span. */
    private static final double NOTHING = 1e-7;

    private final int inputs;
    private final List<double[]> basis = new ArrayList<>();
    private final List<double[]> coordinates = new ArrayList<>();

    RowSpan(List<float[]> rows) {
        inputs = rows.get(0).length;
        rows.forEach(this::add);
    }

    private void add(float[] row) {
        double[] rest = new double[inputs];
        for (int i = 0; i < inputs; i++) {
            rest[i] = row[i];
        }
        double length = norm(rest);
        double[] own = new double[basis.size() + 1];
        for (int pass = 0; pass < 2; pass++) {
            for (int j = 0; j < basis.size(); j++) {
                double[] direction = basis.get(j);
                double along = VectorLoops.dot(direction, rest);
                own[j] += along;
                VectorLoops.add(-along, direction, rest);
            }
        }
        double left = norm(rest);
        if (left > NOTHING * length) {
            own[basis.size()] = left;
            VectorLoops.scale(1 / left, rest);
            basis.add(rest);
        }
        coordinates.add(own);
    }

    private static double norm(double[] values) {
        return Math.sqrt(VectorLoops.dot(values, values));
    }

    int dimension() {
        return basis.size();
    }

    /** A vector in coordinates. */
    float[] row(int index) {
        double[] own = coordinates.get(index);
        float[] row = new float[dimension()];
        for (int j = 0; j < Math.min(own.length, row.length); j++) {
            row[j] = (float) own[j];
        }
        return row;
    }

    /** Weights on vectors as weights on coordinates, without what is orthogonal to all vectors. */
    float[] within(float[] weight, int outputs) {
        float[] within = new float[dimension() * outputs];
        for (int j = 0; j < dimension(); j++) {
            double[] sums = new double[outputs];
            for (int i = 0; i < inputs; i++) {
                add(sums, basis.get(j)[i], weight, i * outputs);
            }
            put(sums, within, j * outputs);
        }
        return within;
    }

    /** Weights on coordinates as weights on vectors. */
    float[] without(float[] weight, int outputs) {
        float[] without = new float[inputs * outputs];
        for (int i = 0; i < inputs; i++) {
            double[] sums = new double[outputs];
            for (int j = 0; j < dimension(); j++) {
                add(sums, basis.get(j)[i], weight, j * outputs);
            }
            put(sums, without, i * outputs);
        }
        return without;
    }

    private static void add(double[] sums, double factor, float[] values, int from) {
        for (int k = 0; k < sums.length; k++) {
            sums[k] += factor * values[from + k];
        }
    }

    private static void put(double[] sums, float[] values, int from) {
        for (int k = 0; k < sums.length; k++) {
            values[from + k] = (float) sums[k];
        }
    }
}
