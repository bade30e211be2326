/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weight of a module on a tape, as a matrix with a row for each output: what merging computes, and hosts that work on
 * arrays.
 *
 * @apiNote Status: experimental
 */
public class WeightTape extends ArrayTape implements WeightAlgebra<ArrayTape.Node> {

    private final ModuleShape shape;
    private final Node weight;

    /**
     * Starts a calculation.
     *
     * @param shape the module
     * @param weight its weight in PEFT's layout; only read
     * @param learns whether the gradient of the weight itself will be taken, too
     */
    protected WeightTape(ModuleShape shape, INDArray weight, boolean learns) {
        this.shape = shape;
        this.weight = learns ? leaf(rows(weight)) : constant(rows(weight));
    }

    /**
     * Starts a calculation.
     *
     * @param shape the module
     * @param weight its weight in PEFT's layout; only read
     * @return a tape
     */
    public static WeightTape of(ModuleShape shape, INDArray weight) {
        return new WeightTape(shape, weight, false);
    }

    /**
     * Starts a calculation that will take the gradient of the weight itself, too.
     *
     * @param shape the module
     * @param weight its weight in PEFT's layout; only read
     * @return a tape
     */
    public static WeightTape learning(ModuleShape shape, INDArray weight) {
        return new WeightTape(shape, weight, true);
    }

    private boolean isTable() {
        return shape.kind() == ModuleShape.Kind.EMBEDDING;
    }

    /**
     * A weight, or the gradient of one, as this tape has it.
     *
     * @param peft the array in PEFT's layout
     * @return the matrix with a row for each output
     */
    public final INDArray rows(INDArray peft) {
        return isTable() ? peft.transpose() : peft.reshape('c', shape.outputs(), peft.length() / shape.outputs());
    }

    /**
     * A result in PEFT's layout.
     *
     * @param result a weight of this tape, or a gradient of one
     * @param type data type
     * @return a new array
     */
    public final INDArray peft(Node result, DataType type) {
        return peft(shape, result.value()).castTo(type).dup('c');
    }

    /**
     * A result in PEFT's layout.
     *
     * @param shape the module
     * @param result a weight of a tape of this module
     * @return an array, perhaps a view of the result
     */
    public static INDArray peft(ModuleShape shape, Node result) {
        return peft(shape, result.value());
    }

    /**
     * The gradient of the weight of the base, in PEFT's layout.
     *
     * @return an array, or null if none was taken
     */
    public final INDArray weightGradient() {
        return weight.gradient() == null ? null : peft(shape, weight.gradient());
    }

    private static INDArray peft(ModuleShape shape, INDArray rows) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING ? rows.transpose() : rows.reshape('c', shape.weight());
    }

    @Override
    public final ModuleShape shape() {
        return shape;
    }

    @Override
    public final Node weight() {
        return weight;
    }

    @Override
    public final Node update(Node a, Node b) {
        long rank = a.value().size(0);
        return matrixProduct(
                reshape(b, shape.outputs(), rank), reshape(a, rank, a.value().length() / rank));
    }

    @Override
    public final Node asWeight(Node rows) {
        return rows;
    }

    @Override
    public final Node asRows(Node of) {
        return of;
    }

    @Override
    public final DataType dataType() {
        return weight.value().dataType();
    }

    @Override
    public final Node lengthPerOutput(Node of) {
        return rowLengths(of);
    }

    @Override
    public final Node alongWeight(Node perOutput) {
        return reshape(perOutput, shape.outputs(), 1);
    }

    @Override
    public final Node alongWeightInputs(Node perInput) {
        long window = weight.value().size(1) / shape.inputs();
        Node ones = constant(Nd4j.ones(weight.value().dataType(), shape.inputs(), window));
        return reshape(multiply(ones, reshape(perInput, shape.inputs(), 1)), 1, shape.inputs() * window);
    }

    @Override
    public String toString() {
        return "WeightTape of " + shape + " " + Arrays.toString(weight.value().shape());
    }
}
