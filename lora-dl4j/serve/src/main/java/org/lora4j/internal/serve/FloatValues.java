/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.serve;

import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The values of arrays of any type and order.
 *
 * @apiNote Status: internal
 */
public final class FloatValues {

    private FloatValues() {}

    /** Row by row. */
    public static float[] of(INDArray array) {
        float[] values = new float[Math.toIntExact(array.length())];
        try (DenseArray dense = DenseArray.rowMajor(array.castTo(DataType.FLOAT))) {
            dense.read(0L, values, values.length);
        }
        return values;
    }
}
