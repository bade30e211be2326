/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import org.lora4j.method.ArrayTape;
import org.lora4j.method.ModuleAlgebra;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.WeightTape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A linear weight on a tape, applied to rows: methods that act beside the weight leave it as it is, and nothing of its size is
 * computed for them.
 */
final class LinearTape extends WeightTape implements ModuleAlgebra<ArrayTape.Node> {

    /** Below this part of its square, what is left of a length is rounding rather than a length. */
    private static final double CANCELS = 0.1;

    private final Node input;
    private Node output;

    /** {@code weight} is [out, in]. */
    LinearTape(ModuleShape shape, INDArray weight, boolean learns, INDArray rows, boolean wantsInput) {
        super(shape, weight, learns);
        this.input = wantsInput ? leaf(rows) : constant(rows);
    }

    Node product(Node rows, Node matrix) {
        return matrixProduct(rows, permute(matrix, 1, 0));
    }

    @Override
    public Node input() {
        return input;
    }

    @Override
    public Node withoutBias() {
        if (output == null) {
            output = applied(input);
        }
        return output;
    }

    /** Tells what the adapters so far made of the output of the base. */
    void reached(Node soFar) {
        output = soFar;
    }

    @Override
    public Node applied(Node rows) {
        return product(rows, weight());
    }

    @Override
    public Node narrow(Node rows, Node a) {
        return product(rows, a);
    }

    @Override
    public Node widen(Node thin, Node b) {
        return product(thin, b);
    }

    @Override
    public Node inputRows(Node x) {
        return x;
    }

    @Override
    public Node fromInputRows(Node rows, Node x) {
        return rows;
    }

    @Override
    public Node outputRows(Node y) {
        return y;
    }

    @Override
    public Node fromOutputRows(Node rows, Node y) {
        return rows;
    }

    @Override
    public Node alongOutputs(Node perOutput) {
        return reshape(perOutput, 1, shape().outputs());
    }

    @Override
    public Node alongInputs(Node perInput) {
        return reshape(perInput, 1, shape().inputs());
    }

    /** {@code |w + b A|^2 = |w|^2 + b (2 A w + A A^T b)} for rows w of W and b of B. */
    @Override
    public Node heldLengthPerOutput(Node a, Node b) {
        INDArray down = a.value();
        INDArray up = b.value();
        INDArray mixed = weight().value().mmul(down.transpose()).muli(2).addi(up.mmul(down.mmul(down.transpose())));
        INDArray own = atLeastFloat(weight().value().norm2(1));
        own.muli(own);
        INDArray squares = atLeastFloat(mixed.muli(up)).sum(1).addi(own);
        if (squares.sub(own.muli(CANCELS)).minNumber().doubleValue() < 0) {
            return super.heldLengthPerOutput(a, b);
        }
        return constant(Transforms.sqrt(squares, false).castTo(weight().value().dataType()));
    }

    private static INDArray atLeastFloat(INDArray array) {
        return array.dataType() == DataType.DOUBLE ? array : array.castTo(DataType.FLOAT);
    }
}
