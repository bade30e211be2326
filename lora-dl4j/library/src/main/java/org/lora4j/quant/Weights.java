/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The values of a matrix to be quantized. */
final class Weights {

    private Weights() {}

    static void requireFinite(String where, INDArray weight) {
        values(where, weight);
    }

    static float[] values(String where, INDArray weight) {
        if (weight.rank() != 2 || weight.dataType() != DataType.FLOAT || weight.isEmpty()) {
            throw new IllegalArgumentException(where + ": a weight is " + weight.dataType()
                    + Arrays.toString(weight.shape()) + "; expected a FLOAT matrix. Cast or reshape it first.");
        }
        float[] values = new float[Math.toIntExact(weight.length())];
        try (DenseArray dense = DenseArray.rowMajor(weight)) {
            dense.read(0L, values, values.length);
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(where + ": the value at [" + i / weight.size(1) + ", "
                        + i % weight.size(1) + "] is " + values[i]
                        + "; expected finite ones. Load or initialize the weight again.");
            }
        }
        return values;
    }
}
