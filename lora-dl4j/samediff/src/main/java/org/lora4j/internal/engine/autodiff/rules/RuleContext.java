/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * What a {@link GradientRule} sees of one op, and where it puts the gradients of the op's inputs.
 *
 * @apiNote Status: internal
 */
public final class RuleContext {

    private final DifferentialFunction op;
    private final List<SDVariable> inputs;
    private final List<SDVariable> outputs;
    private final List<SDVariable> outputGradients;
    private final boolean[] needed;
    private final Shapes shapes;
    private final SDVariable[] inputGradients;

    /**
     * Describes one op.
     *
     * @param op the op, part of the graph that receives the backward ops
     * @param outputGradients gradient of each output, null for an output that the loss does not depend on
     * @param needed for each input, whether its gradient is wanted
     * @param shapes answers on the shapes of the graph's variables
     */
    public RuleContext(
            DifferentialFunction op,
            List<SDVariable> inputs,
            List<SDVariable> outputs,
            List<SDVariable> outputGradients,
            boolean[] needed,
            Shapes shapes) {
        this.op = op;
        this.inputs = inputs;
        this.outputs = outputs;
        this.outputGradients = outputGradients;
        this.needed = needed;
        this.shapes = shapes;
        this.inputGradients = new SDVariable[inputs.size()];
    }

    /** The graph that receives the backward ops. */
    public SameDiff graph() {
        return op.getSameDiff();
    }

    /** The op to differentiate. */
    public DifferentialFunction op() {
        return op;
    }

    /**
     * An integer attribute of the op.
     *
     * @param index position, from 0
     * @param absent value if the op has fewer attributes
     */
    public long attribute(int index, long absent) {
        long[] attributes = ((DynamicCustomOp) op).iArgs();
        return index < attributes.length ? attributes[index] : absent;
    }

    /**
     * Number of inputs.
     *
     * @return 1 or more
     */
    public int inputCount() {
        return inputs.size();
    }

    /**
     * An input of the op.
     *
     * @param index position, from 0
     */
    public SDVariable input(int index) {
        return inputs.get(index);
    }

    /**
     * An output of the op.
     *
     * @param index position, from 0
     */
    public SDVariable output(int index) {
        return outputs.get(index);
    }

    /**
     * The gradient of the op's only output that matters.
     *
     * @return the gradient of output 0
     */
    public SDVariable gradient() {
        return Objects.requireNonNull(outputGradients.get(0), "gradient of output 0");
    }

    /** The gradients of all outputs, zeros for an output that the loss does not depend on. */
    public List<SDVariable> gradients() {
        List<SDVariable> all = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            SDVariable g = outputGradients.get(i);
            all.add(g != null ? g : graph().zerosLike(outputs.get(i)));
        }
        return all;
    }

    /**
     * Whether the gradient of an input is wanted.
     *
     * @param index position, from 0
     * @return true if something trainable lies behind the input
     */
    public boolean needs(int index) {
        return index < needed.length && needed[index];
    }

    /**
     * Reports the gradient of an input.
     *
     * @param index position of the input, from 0
     */
    public void pass(int index, SDVariable gradient) {
        inputGradients[index] = gradient;
    }

    /** Number of dimensions of a variable. */
    public int rank(SDVariable v) {
        return shapes.rank(v.name());
    }

    /**
     * Sums a gradient over the dimensions in which an input was broadcast to the shape of the output.
     *
     * @param gradient of the shape of {@code output(0)}
     * @param index position of the input, from 0
     * @return the gradient in the shape of the input; {@code gradient} itself if nothing was broadcast
     */
    public SDVariable sumToInput(SDVariable gradient, int index) {
        int[] dimensions =
                shapes.broadcastDimensions(input(index).name(), output(0).name());
        int rank = rank(output(0));
        SDVariable sum = gradient;
        boolean keepsRank = true;
        if (dimensions.length > 0 && dimensions.length == rank - 1 && leading(dimensions)) {
            sum = ColumnSums.of(gradient, rank);
            keepsRank = rank == 2;
        } else if (dimensions.length > 0) {
            sum = gradient.sum(true, dimensions);
        }
        return keepsRank && rank(input(index)) == rank ? sum : like(sum, index);
    }

    private static boolean leading(int[] dimensions) {
        for (int i = 0; i < dimensions.length; i++) {
            if (dimensions[i] != i) {
                return false;
            }
        }
        return true;
    }

    /**
     * Reshapes a gradient to the shape that an input has at run time.
     *
     * @param gradient as many values as the input has
     * @param index position of the input, from 0
     */
    public SDVariable like(SDVariable gradient, int index) {
        return graph().reshape(gradient, graph().shape(input(index)));
    }

    /**
     * What {@link #pass} reported.
     *
     * @return one entry per input, null where nothing was reported
     */
    public List<SDVariable> inputGradients() {
        return Arrays.asList(inputGradients);
    }
}
