/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sums of matrices, and of rows for all rows.
 *
 * @apiNote Status: internal
 */
public final class Addends {

    private Addends() {}

    /** Writes the sum over what {@code z} holds. */
    public static void write(List<INDArray> addends, INDArray z) {
        DenseArray[] in = addends.stream().map(DenseArray::rowMajor).toArray(DenseArray[]::new);
        DenseArray out = DenseArray.toBeWritten(z);
        int width = out.width();
        Blocks.run(out.length(), width, (block, from, length) -> {
            float[] sum = ThreadArrays.array(0, length);
            float[] next = ThreadArrays.array(1, length);
            read(in[0], from, sum, length, width);
            for (int i = 1; i < in.length; i++) {
                read(in[i], from, next, length, width);
                RowLoops.add(next, sum, length);
            }
            out.write(from, sum, length);
        });
        for (DenseArray array : in) {
            array.close();
        }
        out.flush();
        out.close();
    }

    // A row is short: it has as many values as one row of the result.
    private static void read(DenseArray in, long from, float[] into, int length, int width) {
        if (in.length() > width || length == width) {
            in.read(in.length() > width ? from : 0, into, length);
            return;
        }
        in.read(0, into, width);
        RowLoops.repeat(into, width, into, length);
    }
}
