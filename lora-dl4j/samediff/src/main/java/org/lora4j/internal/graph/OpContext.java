/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What an {@link OpRewrite} may use while it builds. Ops made through {@link #graph()} get names under a scope of their
 * own, so they never collide with names of the source.
 *
 * @apiNote Status: internal
 */
public interface OpContext {

    /**
     * The graph being built.
     *
     * @return the copy
     */
    SameDiff graph();

    /**
     * The op of the source.
     *
     * @return the op; for reading only
     */
    DifferentialFunction op();

    /**
     * The inputs of the op, in order.
     *
     * @return variables of the copy
     */
    List<SDVariable> inputs();

    /**
     * One input of the op.
     *
     * @param index position, from 0
     * @return a variable of the copy
     */
    default SDVariable input(int index) {
        return inputs().get(index);
    }

    /** Emits the op unchanged; its outputs are named as in the source with {@code /base} behind. */
    default List<SDVariable> original() {
        return emit(inputs());
    }

    /**
     * Emits the op with the same attributes on other inputs.
     *
     * @param inputs variables of the copy in the places of the source's, as many as the op accepts: trailing ones that it
     *     can do without (the bias of a convolution) may be left out
     * @return the outputs, in order
     */
    List<SDVariable> emit(List<SDVariable> inputs);

    /**
     * A leaf of the copy: the existing one of this name, or a new one that holds the given array itself.
     *
     * @param name name of the variable, taken literally (no scope)
     * @param type VARIABLE or CONSTANT
     */
    SDVariable leaf(String name, VariableType type, INDArray array);

    /**
     * A placeholder of the copy: the existing one of this name, or a new one.
     *
     * @param name name of the variable, taken literally (no scope)
     * @param like the placeholder gets this variable's data type
     * @return the placeholder, of unknown shape
     */
    SDVariable placeholder(String name, SDVariable like);
}
