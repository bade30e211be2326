/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The weight of a module, as a method sees it, in whatever layout a host keeps it.
 *
 * <p>Factors are in PEFT's shapes, but those that are {@link FactorTrait#THIN}: these lie as the host likes its
 * thin products, and only {@link #update} takes them.
 *
 * @param <T> what is calculated with
 * @apiNote Status: experimental
 */
public interface WeightAlgebra<T> extends Algebra<T> {

    /**
     * The module.
     *
     * @return its kind and sizes
     */
    ModuleShape shape();

    /**
     * The frozen weight.
     *
     * @return the weight as the host keeps it
     */
    T weight();

    /**
     * The product of two thin factors.
     *
     * @param a the factor next to the input
     * @param b the factor next to the output
     * @return B A as a weight
     */
    T update(T a, T b);

    /**
     * A matrix with a row for each output as a weight.
     *
     * @param rows a matrix {@code [outputs, inputs * window]}
     * @return the same numbers as the host keeps the weight
     */
    T asWeight(T rows);

    /**
     * Values at places of a weight that is zero elsewhere.
     *
     * @param values a vector
     * @param outputs the output of each value
     * @param inputs the input of each value; no place twice
     * @return the weight of a linear module as the host keeps it
     */
    default T placedInWeight(T values, long[] outputs, long[] inputs) {
        long[] places = new long[outputs.length];
        Arrays.setAll(places, i -> outputs[i] * shape().inputs() + inputs[i]);
        return asWeight(placed(values, places, shape().outputs(), shape().inputs()));
    }

    /**
     * A computed matrix as the host likes its thin products, for {@link ModuleAlgebra#narrow} and {@link
     * ModuleAlgebra#widen}.
     *
     * @param peft the matrix next to the input {@code [rank, inputs, window...]} or that next to the output {@code [outputs,
     *     rank, 1...]}
     * @return the same numbers in the layout of thin factors
     */
    default T thin(T peft) {
        return peft;
    }

    /**
     * A weight as a matrix with a row for each output: what {@link #asWeight} undoes.
     *
     * @param weight a weight as the host keeps it
     * @return the matrix {@code [outputs, inputs * window]}
     */
    T asRows(T weight);

    /**
     * The Euclidean length of the part of a weight that makes each output.
     *
     * @param weight a weight
     * @return a vector {@code [outputs]}
     */
    T lengthPerOutput(T weight);

    /**
     * The lengths of the frozen weight with the product of two thin factors in it, as constants in the gradient. A host that
     * works on rows need not form that weight.
     *
     * @param a the factor next to the input
     * @param b the factor next to the output
     * @return {@code |W + B A|} for each output, a vector {@code [outputs]}
     */
    default T heldLengthPerOutput(T a, T b) {
        return held(lengthPerOutput(add(weight(), update(a, b))));
    }

    /**
     * A value for each output, for arithmetic with weights.
     *
     * @param perOutput a vector {@code [outputs]}
     * @return the vector, broadcastable over a weight
     */
    T alongWeight(T perOutput);

    /**
     * A value for each input, for arithmetic with weights.
     *
     * @param perInput a vector {@code [inputs]}
     * @return the vector, broadcastable over a weight
     */
    T alongWeightInputs(T perInput);

    /**
     * The data type that is calculated with.
     *
     * @return FLOAT or DOUBLE, or half precision in a graph of it
     */
    DataType dataType();
}
