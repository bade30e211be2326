/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Single numbers put to places of an array, or taken from them: the native ops handle each as a row of its own. */
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

    /** Whether rows of one number are taken, by indices as an input. */
    static boolean takesNumbers(DifferentialFunction op, List<INDArray> in) {
        long[] axis = ((DynamicCustomOp) op).iArgs();
        INDArray from = in.get(0);
        return in.size() == 2
                && axis.length > 0
                && axis[0] == 0
                && from.dataType() == DataType.FLOAT
                && from.rank() == 2
                && from.size(1) == 1
                && from.length() <= Integer.MAX_VALUE
                && in.get(1).dataType() == DataType.INT32;
    }

    /** Inputs what is taken from, places. */
    static void take(List<INDArray> in, List<INDArray> out) {
        float[] from = values(in.get(0));
        int[] places = in.get(1).dup('c').data().asInt();
        float[] taken = new float[places.length];
        for (int i = 0; i < places.length; i++) {
            taken[i] = from[places[i]];
        }
        try (DenseArray result = DenseArray.toBeWritten(out.get(0))) {
            result.write(0L, taken, taken.length);
            result.flush();
        }
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
