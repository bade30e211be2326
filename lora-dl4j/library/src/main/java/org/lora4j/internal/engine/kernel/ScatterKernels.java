/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Single numbers put to places of an array: the native op handles each as a row of its own. */
final class ScatterKernels {

    private ScatterKernels() {}

    /** Whether rows of one number are added. */
    static boolean isOfNumbers(List<INDArray> in) {
        INDArray into = in.get(0);
        return into.dataType() == DataType.FLOAT
                && into.rank() == 2
                && into.size(1) == 1
                && into.length() <= Integer.MAX_VALUE
                && in.get(1).dataType() == DataType.INT32
                && in.get(2).dataType() == DataType.FLOAT
                && in.get(2).length() == in.get(1).length();
    }

    /** Inputs what is added to, places, numbers. */
    static void add(List<INDArray> in, List<INDArray> out) {
        float[] sums = values(in.get(0));
        float[] numbers = values(in.get(2));
        int[] places = in.get(1).dup('c').data().asInt();
        for (int i = 0; i < places.length; i++) {
            sums[places[i]] += numbers[i];
        }
        try (DenseArray result = DenseArray.toBeWritten(out.get(0))) {
            result.write(0L, sums, sums.length);
            result.flush();
        }
    }

    private static float[] values(INDArray array) {
        float[] values = new float[(int) array.length()];
        try (DenseArray dense = DenseArray.rowMajor(array)) {
            dense.read(0L, values, values.length);
        }
        return values;
    }
}
