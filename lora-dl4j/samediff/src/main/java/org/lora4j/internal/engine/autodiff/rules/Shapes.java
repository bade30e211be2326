/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

/**
 * Answers on the shapes of a graph's variables, for one set of placeholder shapes.
 *
 * <p>A gradient graph is right for every input whose shapes give the same answers, so only relations are asked for,
 * never sizes.
 *
 * @apiNote Status: internal
 */
public interface Shapes {

    /**
     * Number of dimensions of a variable.
     *
     * @return its rank, 0 for a scalar
     */
    int rank(String variable);

    /**
     * The dimensions of {@code output} along which {@code input} was repeated by broadcasting.
     *
     * @param input name of an operand
     * @param output name of the result
     * @return dimensions of the output in ascending order; those that the input lacks are included
     */
    int[] broadcastDimensions(String input, String output);

    /**
     * Whether the other questions can be asked of a variable. That depends on the graph alone.
     *
     * @return false for one that a gradient rule made for its own use
     */
    default boolean knows(String variable) {
        return true;
    }
}
