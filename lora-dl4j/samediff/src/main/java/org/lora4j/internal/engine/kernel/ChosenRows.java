/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.stream.IntStream;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The losses of some rows; those of the others, and their gradients, are 0. */
final class ChosenRows {

    private ChosenRows() {}

    /** The rows whose weight is not 0. */
    static int[] weighed(INDArray weights) {
        float[] values = weights.dup('c').data().asFloat();
        return IntStream.range(0, values.length).filter(row -> values[row] != 0).toArray();
    }

    static void run(LossTiles tiles, int[] rows, INDArray x, int[] targets, INDArray losses, INDArray gradients) {
        losses.assign(0);
        if (gradients != null) {
            gradients.assign(0);
        }
        if (rows.length == 0) {
            return;
        }
        int[] chosen = IntStream.of(rows).map(row -> targets[row]).toArray();
        long width = x.size(1);
        try (INDArray some = Nd4j.createUninitializedDetached(DataType.FLOAT, rows.length, width);
                INDArray found = Nd4j.createUninitializedDetached(DataType.FLOAT, rows.length);
                INDArray slopes = gradients == null
                        ? null
                        : Nd4j.createUninitializedDetached(DataType.FLOAT, rows.length, width)) {
            copy(x, rows, null, some, Math.toIntExact(width));
            tiles.run(some, chosen, found, slopes);
            copy(found, null, rows, losses, 1);
            if (gradients != null) {
                copy(slopes, null, rows, gradients, Math.toIntExact(width));
            }
        }
    }

    /** Copies rows from and to places; null stands for one after the other. */
    private static void copy(INDArray source, int[] from, int[] to, INDArray target, int width) {
        float[] row = new float[width];
        try (DenseArray in = DenseArray.rowMajor(source);
                DenseArray out = DenseArray.rowMajor(target)) {
            int count = from == null ? to.length : from.length;
            for (int i = 0; i < count; i++) {
                in.read((long) (from == null ? i : from[i]) * width, row, width);
                out.write((long) (to == null ? i : to[i]) * width, row, width);
            }
        }
    }
}
