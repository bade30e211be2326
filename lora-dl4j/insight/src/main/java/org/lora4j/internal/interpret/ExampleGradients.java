/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradients of the loss of single examples with respect to the factors of adapters, all in a row.
 *
 * @param <E> an example
 * @apiNote Status: internal
 */
public interface ExampleGradients<E> {

    /**
     * A parameter.
     *
     * @param name its name
     * @param length how many numbers it has
     */
    record Block(String name, int length) {}

    /**
     * The parameters, in the order of a row.
     *
     * @return one or more
     */
    List<Block> blocks();

    /**
     * The gradient of an example, the same each time.
     *
     * @return the numbers of all blocks
     */
    float[] of(E example);

    /** Where blocks end in a row. */
    static int[] ends(List<Block> blocks) {
        int[] ends = new int[blocks.size()];
        int end = 0;
        for (int i = 0; i < ends.length; i++) {
            end = Math.addExact(end, blocks.get(i).length());
            ends[i] = end;
        }
        return ends;
    }

    /** The row of gradients by name; of a parameter without one, zeros. */
    static float[] row(List<Block> blocks, Map<String, INDArray> gradients) {
        int[] ends = ends(blocks);
        float[] row = new float[ends[ends.length - 1]];
        for (int i = 0; i < ends.length; i++) {
            INDArray gradient = gradients.get(blocks.get(i).name());
            if (gradient != null) {
                float[] values = gradient.ravel().toFloatVector();
                System.arraycopy(values, 0, row, ends[i] - values.length, values.length);
            }
        }
        return row;
    }

    /** The blocks of arrays by name. */
    static List<Block> blocks(Map<String, INDArray> arrays) {
        List<Block> blocks = new ArrayList<>();
        arrays.forEach((name, array) -> blocks.add(new Block(name, Math.toIntExact(array.length()))));
        return List.copyOf(blocks);
    }
}
