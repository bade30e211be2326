/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * Which variables a gradient of the loss can reach, told from the graph alone. Nothing flows back through {@code stop_gradient},
 * through what is no floating-point number, and through ops whose derivative is 0 wherever there is one.
 *
 * @apiNote Status: internal
 */
public final class GradientReach {

    private GradientReach() {}

    /**
     * The variables that are reached.
     *
     * @param losses names of variables
     * @param variables names of those that are asked for
     * @return names of {@code variables} on which the losses depend with a gradient
     */
    public static Set<String> of(SameDiff graph, Collection<String> losses, Collection<String> variables) {
        Set<String> seen = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(losses);
        while (!open.isEmpty()) {
            String name = open.pop();
            SDVariable variable = graph.getVariable(name);
            if (variable == null || !variable.dataType().isFPType() || !seen.add(name)) {
                continue;
            }
            String producer = GraphOrder.producer(graph, name);
            if (producer != null) {
                SameDiffOp op = graph.getOps().get(producer);
                if (!OpTraits.has(op, Trait.FLAT)) {
                    open.addAll(GraphOrder.inputs(op));
                }
            }
        }
        Set<String> reached = new LinkedHashSet<>(variables);
        reached.retainAll(seen);
        return reached;
    }
}
