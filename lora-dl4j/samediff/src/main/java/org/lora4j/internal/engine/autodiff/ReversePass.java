/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lora4j.error.MessageText;
import org.lora4j.internal.engine.autodiff.rules.GradientRule;
import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * Adds to a graph the ops that compute the gradient of its loss.
 *
 * <p>Reverse accumulation (Griewank and Walther, <i>Evaluating Derivatives</i>, 2008, chapter 3): ops are visited in
 * reverse topological order; the gradients that reach one variable from several consumers are added. An op is visited
 * only if the loss depends on it and it depends on something to differentiate, so nothing is computed for what is
 * frozen and nothing at all below the lowest trainable variable. Nothing flows back through {@code stop_gradient}.
 *
 * @apiNote Status: internal
 */
public final class ReversePass {

    private final SameDiff graph;
    private final Shapes shapes;
    private final Function<DifferentialFunction, GradientRule> rules;
    private final Set<String> active;
    private final Map<String, SDVariable> gradients = new HashMap<>();
    private final Map<String, String> shapedLike = new HashMap<>();

    /**
     * What was added to a graph.
     *
     * @param gradients name of the gradient by name of the variable, without variables that the loss does not depend on
     * @param shapedLike for each gradient on the way, and each summand of one, a variable that has its shape
     */
    public record Extension(Map<String, String> gradients, Map<String, String> shapedLike) {}

    private ReversePass(
            SameDiff graph,
            Collection<String> losses,
            Collection<String> variables,
            Shapes shapes,
            Function<DifferentialFunction, GradientRule> rules) {
        this.graph = graph;
        this.shapes = shapes;
        this.rules = rules;
        this.active = new HashSet<>(GraphOrder.descendants(graph, variables));
        this.active.retainAll(GraphOrder.ancestors(graph, losses));
        this.active.removeIf(v -> !graph.getVariable(v).dataType().isFPType());
    }

    /**
     * Extends a graph by the gradient of the sum of its losses. The caller owns the graph: it is changed.
     *
     * @param losses names of variables; of one that is no scalar, the sum is meant
     * @param variables names of the variables to differentiate with respect to
     * @param shapes answers on the shapes of the graph's variables
     * @param rules the gradient rule of an op, such as {@code GradientRules::of}
     * @throws IllegalArgumentException if an op on the way has no gradient
     */
    public static Extension extend(
            SameDiff graph,
            Collection<String> losses,
            Collection<String> variables,
            Shapes shapes,
            Function<DifferentialFunction, GradientRule> rules) {
        return new ReversePass(graph, losses, variables, shapes, rules).run(losses, variables);
    }

    private Extension run(Collection<String> losses, Collection<String> variables) {
        List<SameDiffOp> ops = GraphOrder.topological(graph);
        for (String loss : losses) {
            accumulate(loss, graph.onesLike(graph.getVariable(loss)));
        }
        for (int i = ops.size() - 1; i >= 0; i--) {
            differentiate(ops.get(i));
        }
        Map<String, String> names = new LinkedHashMap<>();
        for (String variable : variables) {
            if (gradients.containsKey(variable)) {
                names.put(variable, gradients.get(variable).name());
            }
        }
        return new Extension(names, shapedLike);
    }

    private void differentiate(SameDiffOp op) {
        List<String> inputNames = GraphOrder.inputs(op);
        List<String> outputNames = op.getOutputsOfOp();
        if (op.getOp().opName().equals("stop_gradient")) {
            return;
        }
        boolean reached = outputNames.stream().anyMatch(o -> active.contains(o) && gradients.containsKey(o));
        if (!reached || inputNames.stream().noneMatch(active::contains)) {
            return;
        }
        boolean[] needed = new boolean[inputNames.size()];
        List<SDVariable> inputs = new ArrayList<>();
        for (int i = 0; i < needed.length; i++) {
            needed[i] = active.contains(inputNames.get(i));
            inputs.add(graph.getVariable(inputNames.get(i)));
        }
        List<SDVariable> outputs = outputNames.stream().map(graph::getVariable).toList();
        List<SDVariable> outputGradients = new ArrayList<>();
        for (String output : outputNames) {
            outputGradients.add(gradients.get(output));
        }
        RuleContext context = new RuleContext(op.getOp(), inputs, outputs, outputGradients, needed, shapes);
        rules.apply(op.getOp()).apply(context);
        List<SDVariable> inputGradients = context.inputGradients();
        for (int i = 0; i < needed.length; i++) {
            if (needed[i]) {
                if (inputGradients.get(i) == null) {
                    throw new IllegalArgumentException("op " + MessageText.name(op.getName()) + " ("
                            + op.getOp().opName() + ") gives no gradient for its input "
                            + MessageText.name(inputNames.get(i))
                            + "; expected one, because something trainable lies behind it. Freeze what lies behind,"
                            + " or spell the op with others that have gradients.");
                }
                accumulate(inputNames.get(i), inputGradients.get(i));
            }
        }
    }

    private void accumulate(String variable, SDVariable gradient) {
        // Ops are met backwards: as in the layer, its own product stands before the adapter's, and is not added to it.
        SDVariable sum = gradients.merge(variable, gradient, (later, earlier) -> earlier.add(later));
        shapedLike.putIfAbsent(gradient.name(), variable);
        shapedLike.putIfAbsent(sum.name(), variable);
    }
}
