/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The part of a graph from a variable up to an output, as a function: of a placeholder, or of anything of floating point that
 * the graph computes, such as the rows that it looks up for tokens.
 *
 * <p>The graph is copied without its arrays and never changed.
 *
 * @apiNote Status: internal
 */
public final class GraphFunction implements ModelFunction, RowsLine.Runner {

    private static final String SELECTOR = "lora4j/explained/selector";
    private static final String VALUE = "lora4j/explained/value";
    private static final String SUM = "lora4j/explained/sum";

    private final String input;
    private final DataType type;
    private final SameDiffExecutor executor;
    private final Set<String> needed;

    /** What is done to the output before a number of it is taken. */
    public enum Scale {
        /** Nothing. */
        AS_IS,
        /** The softmax over the last axis. */
        SOFTMAX,
        /** The sigmoid of each number. */
        SIGMOID
    }

    /**
     * Cuts the part out.
     *
     * @param input name of the variable to differentiate by
     * @throws IllegalArgumentException if one does not exist or is not of floating point, or the output does not depend on the
     *     input; the message lists every problem
     */
    public GraphFunction(SameDiff graph, String input, String output, Scale scale) {
        check(graph, input, output);
        this.input = input;
        boolean given = graph.getVariable(input).isPlaceHolder();
        SameDiff part = GraphCopy.of(graph)
                .part(given ? Set.of() : Set.of(input), List.of(output), List.of())
                .build();
        this.type = part.getVariable(input).dataType();
        SDVariable value = scaled(part, part.getVariable(output), scale);
        SDVariable selector =
                part.addVariable(new SDVariable(SELECTOR, VariableType.PLACEHOLDER, part, null, value.dataType()));
        value.mul(selector).sum(SUM);
        part.setLossVariables(SUM);
        this.executor = SameDiffExecutor.ofInputs(part, List.of(input));
        this.needed = GraphOrder.ancestors(part, List.of(VALUE));
    }

    private static void check(SameDiff graph, String input, String output) {
        Problems problems = new Problems();
        checkOne(graph, input, "input", problems);
        checkOne(graph, output, "output", problems);
        if (problems.isEmpty()) {
            problems.check(
                    !input.equals(output)
                            && GraphOrder.ancestors(graph, List.of(output)).contains(input),
                    "output " + MessageText.name(output) + " does not depend on " + MessageText.name(input)
                            + ", expected an output that is computed from it");
        }
        problems.throwIfAny("IntegratedGradients");
    }

    private static void checkOne(SameDiff graph, String name, String what, Problems problems) {
        SDVariable variable = name == null ? null : graph.getVariable(name);
        if (variable == null) {
            problems.add(what + " = " + MessageText.name(name) + " is no variable of the graph"
                    + ClosestNames.hint(
                            String.valueOf(name), graph.getVariables().keySet()));
            return;
        }
        problems.check(
                variable.dataType().isFPType(),
                what + " = " + MessageText.name(name) + " is of " + variable.dataType()
                        + ", expected floating point, which has gradients; of token ids explain the rows looked up by them");
        boolean leaf = variable.isConstant() || variable.getVariableType() == VariableType.VARIABLE;
        problems.check(
                !leaf,
                what + " = " + MessageText.name(name)
                        + " is a weight or constant of the graph, expected what depends on what is fed in");
    }

    private static SDVariable scaled(SameDiff part, SDVariable output, Scale scale) {
        return switch (scale) {
            case AS_IS -> part.identity(VALUE, output);
            case SOFTMAX -> part.nn().softmax(VALUE, output, -1);
            case SIGMOID -> part.nn().sigmoid(VALUE, output);
        };
    }

    @Override
    public INDArray output(INDArray value, Map<String, INDArray> others) {
        return executor.output(placeholders(value, others), List.of(VALUE)).get(VALUE);
    }

    @Override
    public INDArray gradient(INDArray value, Map<String, INDArray> others, INDArray selector) {
        Map<String, INDArray> arrays = placeholders(value, others);
        arrays.put(SELECTOR, selector);
        return executor.gradients(arrays, 0).gradients().get(input);
    }

    private Map<String, INDArray> placeholders(INDArray value, Map<String, INDArray> others) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        others.forEach((name, array) -> {
            if (needed.contains(name)) {
                arrays.put(name, array);
            }
        });
        arrays.put(input, value);
        return arrays;
    }

    @Override
    public Line between(INDArray baseline, INDArray value, Map<String, INDArray> others, long element) {
        return new RowsLine(this, type, baseline, value, others, element);
    }
}
