/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;

/**
 * Order and reach of the ops of a SameDiff graph. The order of {@link SameDiff#getOps()} means nothing; this class gives
 * one that does.
 *
 * <p>Importers replace ops and leave the names of those that went with the variables: only an op that the graph has, and that
 * reads the variable, is its consumer here.
 *
 * <p>Ops are always named, never compared: ops of ND4J M2.1 with equal attributes are {@code equal} to each other.
 *
 * @apiNote Status: internal
 */
public final class GraphOrder {

    private GraphOrder() {}

    /**
     * The outputs of a graph. {@code SameDiff.outputs()} is null until something asks in another way.
     *
     * @return the variables that ops give and no op reads, in the order of the graph
     */
    public static List<String> outputs(SameDiff graph) {
        return graph.variables().stream()
                .map(SDVariable::name)
                .filter(name -> {
                    Variable found = graph.getVariables().get(name);
                    List<String> readers = found.getInputsForOp();
                    return found.getOutputOfOp() != null && (readers == null || readers.isEmpty());
                })
                .toList();
    }

    /**
     * The ops such that each comes after the ops it reads from. Loops of control flow are cut at the edge that leads
     * back.
     */
    public static List<SameDiffOp> topological(SameDiff graph) {
        Map<String, SameDiffOp> ordered = new LinkedHashMap<>();
        Set<String> entered = new LinkedHashSet<>();
        for (String root : graph.getOps().keySet()) {
            visit(graph, root, entered, ordered);
        }
        return List.copyOf(ordered.values());
    }

    // An explicit stack: graphs of a few thousand ops in a row would overflow the thread's own.
    private static void visit(SameDiff graph, String root, Set<String> entered, Map<String, SameDiffOp> ordered) {
        Deque<String> stack = new ArrayDeque<>();
        stack.push(root);
        while (!stack.isEmpty()) {
            String name = stack.peek();
            SameDiffOp op = graph.getOps().get(name);
            if (entered.add(name)) {
                for (String input : inputs(op)) {
                    String producer = producer(graph, input);
                    if (producer != null && !entered.contains(producer)) {
                        stack.push(producer);
                    }
                }
            } else {
                stack.pop();
                ordered.putIfAbsent(name, op);
            }
        }
    }

    /** Everything that the given variables are computed from, themselves included. */
    public static Set<String> ancestors(SameDiff graph, Collection<String> variables) {
        return ancestors(graph, variables, Set.of());
    }

    /**
     * Everything that the given variables are computed from, themselves included, when some values are given.
     *
     * @param given names of variables whose value is known; what they are computed from is not asked for
     */
    public static Set<String> ancestors(SameDiff graph, Collection<String> variables, Set<String> given) {
        Set<String> reached = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(variables);
        while (!open.isEmpty()) {
            String name = open.pop();
            if (reached.add(name) && !given.contains(name)) {
                String producer = producer(graph, name);
                if (producer != null) {
                    open.addAll(inputs(graph.getOps().get(producer)));
                }
            }
        }
        return reached;
    }

    /** Everything that is computed from the given variables, themselves included. */
    public static Set<String> descendants(SameDiff graph, Collection<String> variables) {
        Set<String> reached = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(variables);
        while (!open.isEmpty()) {
            String name = open.pop();
            if (reached.add(name)) {
                for (String consumer : consumers(graph, name)) {
                    open.addAll(graph.getOps().get(consumer).getOutputsOfOp());
                }
            }
        }
        return reached;
    }

    /**
     * The op that computes a variable.
     *
     * @return name of the op, or null for a leaf
     */
    public static String producer(SameDiff graph, String variable) {
        Variable v = graph.getVariables().get(variable);
        String op = v == null ? null : v.getOutputOfOp();
        return op != null && graph.getOps().containsKey(op) ? op : null;
    }

    /**
     * The ops that read a variable.
     *
     * @return names of ops, each once
     */
    public static List<String> consumers(SameDiff graph, String variable) {
        Variable v = graph.getVariables().get(variable);
        List<String> ops = v == null ? null : v.getInputsForOp();
        return ops == null
                ? List.of()
                : ops.stream()
                        .distinct()
                        .filter(op -> graph.getOps().containsKey(op)
                                && inputs(graph.getOps().get(op)).contains(variable))
                        .toList();
    }

    /**
     * What an op reads, in order, a variable as often as it is read.
     *
     * @return names of variables
     */
    public static List<String> inputs(SameDiffOp op) {
        return op.getInputsToOp() == null ? List.of() : op.getInputsToOp();
    }
}
