/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import org.lora4j.internal.array.InnerProducts;
import org.lora4j.internal.array.Matrix;

/** Arithmetic on rows of features. */
final class FeatureRows {

    private FeatureRows() {}

    /** The row with length 1; zeros stay zeros. */
    static double[] unit(double[] row) {
        double length = Math.sqrt(InnerProducts.inOrder(row, row));
        double[] unit = row.clone();
        for (int i = 0; i < unit.length && length > 0; i++) {
            unit[i] /= length;
        }
        return unit;
    }

    /** The rows of largest cosine to each row, itself left out; the first ones of equals. */
    static int[][] neighbors(Matrix rows, int count) {
        double[][] units = new double[rows.rows()][];
        for (int i = 0; i < units.length; i++) {
            units[i] = unit(rows.row(i));
        }
        Matrix unit = Matrix.ofRows(rows.columns(), units);
        Matrix cosines = unit.times(unit.transposed());
        int[][] neighbors = new int[units.length][];
        for (int i = 0; i < units.length; i++) {
            neighbors[i] = largest(cosines.row(i), i, count);
        }
        return neighbors;
    }

    private static int[] largest(double[] values, int without, int count) {
        int[] best = new int[count];
        int found = 0;
        for (int i = 0; i < values.length; i++) {
            if (i == without || found == count && values[i] <= values[best[count - 1]]) {
                continue;
            }
            int at = found < count ? found++ : count - 1;
            while (at > 0 && values[best[at - 1]] < values[i]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = i;
        }
        return best;
    }
}
