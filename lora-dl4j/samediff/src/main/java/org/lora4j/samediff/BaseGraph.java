/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.Problems;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a base graph looked like when it was adapted, to notice a change underneath.
 *
 * @param graph the graph
 * @param ops own names of its ops
 * @param shapes shapes of its leaves
 */
record BaseGraph(SameDiff graph, Set<String> ops, Map<String, String> shapes) {

    static BaseGraph of(SameDiff graph) {
        return new BaseGraph(graph, new HashSet<>(graph.getOps().keySet()), shapesOf(graph));
    }

    private static Map<String, String> shapesOf(SameDiff graph) {
        Map<String, String> shapes = new HashMap<>();
        for (SDVariable variable : graph.variables()) {
            if (variable.getVariableType() == VariableType.CONSTANT
                    || variable.getVariableType() == VariableType.VARIABLE) {
                INDArray array = variable.getArr();
                shapes.put(variable.name(), array == null ? "none" : Arrays.toString(array.shape()));
            }
        }
        return shapes;
    }

    void requireUnchanged() {
        Problems problems = new Problems();
        for (String op : graph.getOps().keySet()) {
            problems.check(ops.contains(op), "op \"" + op + "\" was added");
        }
        for (String op : ops) {
            problems.check(graph.getOps().containsKey(op), "op \"" + op + "\" was removed or renamed");
        }
        Map<String, String> now = shapesOf(graph);
        shapes.forEach((name, shape) -> problems.check(
                shape.equals(now.get(name)),
                "variable \"" + name + "\" had shape " + shape + " and has " + now.getOrDefault(name, "gone")));
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("the base graph changed after it was adapted")
                    + ". Keep the adapters with adapter(name), inject into the changed graph and add them again.");
        }
    }
}
