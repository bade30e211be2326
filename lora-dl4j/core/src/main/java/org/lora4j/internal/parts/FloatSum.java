/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.RowLoops;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A sum of FLOAT arrays times factors, in the first of them: each is read once, in blocks that threads share. */
final class FloatSum {

    private FloatSum() {}

    /** Adds in the order of the arrays, by as many threads as there are arrays. */
    static void intoFirst(List<INDArray> arrays, double[] factors) {
        DenseArray into = DenseArray.of(arrays.get(0));
        List<DenseArray> others = new ArrayList<>();
        arrays.subList(1, arrays.size()).forEach(array -> others.add(DenseArray.like(array, into)));
        Blocks.among(arrays.size(), into.blocks(), () -> {
            float[] sum = new float[into.blockLength()];
            float[] one = new float[into.blockLength()];
            return block -> {
                int n = into.length(block);
                into.read(block, sum);
                RowLoops.multiply(sum, 0, n, (float) factors[0]);
                for (int i = 0; i < others.size(); i++) {
                    others.get(i).read(block, one);
                    RowLoops.multiply(one, 0, n, (float) factors[i + 1]);
                    RowLoops.add(one, sum, n);
                }
                into.write(block, sum);
            };
        });
        others.forEach(DenseArray::close);
        into.flush();
        into.close();
    }
}
