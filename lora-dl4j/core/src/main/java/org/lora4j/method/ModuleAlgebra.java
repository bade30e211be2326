/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * One use of a module, as a method sees it beside the weight: every kind of module through the same few operations.
 *
 * @param <T> what is calculated with
 * @apiNote Status: experimental
 */
public interface ModuleAlgebra<T> extends WeightAlgebra<T> {

    /**
     * The activation that the module is applied to.
     *
     * @return the input; indices for a lookup
     */
    T input();

    /**
     * The output of the module so far, without its bias.
     *
     * @return the output of the base and of the adapters before
     */
    T withoutBias();

    /**
     * Applies the base module to another activation, without its bias.
     *
     * @param x an activation of the shape of {@link #input}
     * @return the output for that activation
     */
    T applied(T x);

    /**
     * Applies a module of the same kind with {@code rank} outputs.
     *
     * @param x the activation, {@link #input} or made from it
     * @param a the thin factor next to the input
     * @return the thin activation
     */
    T narrow(T x, T a);

    /**
     * Applies a linear map at every position.
     *
     * @param thin the result of {@link #narrow}
     * @param b the thin factor next to the output
     * @return an activation of the shape of the output
     */
    T widen(T thin, T b);

    /**
     * A value for each output, for arithmetic with outputs.
     *
     * @param perOutput a vector {@code [outputs]}
     * @return the vector, broadcastable over the output
     */
    T alongOutputs(T perOutput);

    /**
     * An activation as a matrix with a row for each position at which the module is applied.
     *
     * @param x the activation that the module is applied to, or one of its shape; not of a convolution whose window is
     *     larger than 1
     * @return the matrix {@code [positions, inputs]}
     */
    T inputRows(T x);

    /**
     * What {@link #inputRows} undoes.
     *
     * @param rows a matrix {@code [positions, inputs]}
     * @param x an activation of the wanted shape
     * @return the same numbers as the activation has them
     */
    T fromInputRows(T rows, T x);

    /**
     * The windows of the input of a convolution over two axes, moved by 1 and without padding, as rows.
     *
     * @param x the activation
     * @return the matrix {@code [positions, inputs * window]}
     * @throws UnsupportedOperationException where a host has no activation of a convolution
     */
    default T patchRows(T x) {
        throw new UnsupportedOperationException("windows of the input of a convolution are not at hand in this host;"
                + " expected SameDiff. Use the adapter there.");
    }

    /**
     * Rows of windows put together as PEFT's OFT does: with the axes of positions in front of the windows, read again as
     * windows at positions, and summed where these overlap.
     *
     * @param rows a matrix as {@link #patchRows} gives it
     * @param x the activation
     * @return an activation of the shape of {@code x}
     * @throws UnsupportedOperationException as {@link #patchRows}
     */
    default T fromPatchRows(T rows, T x) {
        throw new UnsupportedOperationException("windows of the input of a convolution are not at hand in this host;"
                + " expected SameDiff. Use the adapter there.");
    }

    /**
     * An output as a matrix with a row for each position.
     *
     * @param y an output of the module
     * @return the matrix {@code [positions, outputs]}
     */
    T outputRows(T y);

    /**
     * What {@link #outputRows} undoes.
     *
     * @param rows a matrix {@code [positions, outputs]}
     * @param y an output of the wanted shape
     * @return the same numbers as the output has them
     */
    T fromOutputRows(T rows, T y);

    /**
     * A value for each input, for arithmetic with inputs.
     *
     * @param perInput a vector {@code [inputs]}
     * @return the vector, broadcastable over the input
     */
    T alongInputs(T perInput);
}
