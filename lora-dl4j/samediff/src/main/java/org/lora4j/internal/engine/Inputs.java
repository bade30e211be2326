/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks what a caller gives an executor, before anything runs. What depends on the graph alone is found out once. */
final class Inputs {

    private final SameDiff graph;
    private final Map<String, SDVariable> placeholders = new LinkedHashMap<>();
    private final IndexRanges ranges;
    private final Map<Set<String>, Set<String>> neededFor = new ConcurrentHashMap<>();

    /** For a graph of which the executor fills some placeholders itself. */
    Inputs(SameDiff graph, Collection<String> filledHere) {
        this.graph = graph;
        this.ranges = new IndexRanges(graph);
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.PLACEHOLDER && !filledHere.contains(v.name())) {
                placeholders.put(v.name(), v);
            }
        }
    }

    /** Throws one exception with every problem of a call. */
    void check(Map<String, INDArray> given, Collection<String> outputs) {
        problems(given, outputs).throwIfAny("graph input");
    }

    /** Every problem of a call, worded only where there is one, as calls are many. Safe for any number of threads. */
    Problems problems(Map<String, INDArray> given, Collection<String> outputs) {
        Problems problems = new Problems();
        problems.check(given != null, "the placeholders are null, expected a map, empty for a graph without any");
        if (outputs.isEmpty()) {
            problems.add("no output to compute, expected names of variables" + theOutputs());
        }
        Set<String> known = new LinkedHashSet<>();
        for (String output : outputs) {
            if (output != null && graph.hasVariable(output)) {
                known.add(output);
            } else {
                problems.add("no variable " + MessageText.name(output) + " to compute"
                        + ClosestNames.hint(
                                String.valueOf(output), graph.getVariables().keySet()) + theOutputs());
            }
        }
        if (given == null) {
            problems.throwIfAny("graph input");
        }
        Set<String> needed = neededFor.computeIfAbsent(known, k -> GraphOrder.ancestors(graph, k));
        placeholders.forEach((name, v) -> checkOne(v, given.get(name), needed.contains(name), problems));
        for (String name : given.keySet()) {
            if (!placeholders.containsKey(name)) {
                problems.add(MessageText.name(name) + " is not a placeholder; placeholders are "
                        + Problems.quoted(placeholders.keySet()));
            }
        }
        ranges.check(given, needed, problems);
        return problems;
    }

    private String theOutputs() {
        return "; outputs of the graph: " + Problems.quoted(GraphOrder.outputs(graph));
    }

    private static void checkOne(SDVariable placeholder, INDArray array, boolean needed, Problems problems) {
        long[] expected = placeholder.placeholderShape();
        String wrong = null;
        if (array == null) {
            wrong = needed ? "is missing" : null;
        } else if (array.wasClosed()) {
            wrong = "was given an array that is closed";
        } else if (array.isEmpty()) {
            // Ops of ND4J read what an array without elements does not have, and end the process.
            wrong = "was given " + describe(array.dataType(), array.shape()) + ", which has no elements";
        } else if (expected != null && !fits(expected, array.shape())) {
            wrong = "was given " + describe(array.dataType(), array.shape());
        }
        if (wrong != null) {
            problems.add("placeholder " + MessageText.name(placeholder.name()) + " "
                    + describe(placeholder.dataType(), expected) + " " + wrong);
        }
    }

    private static String describe(Object type, long[] shape) {
        return type + (shape == null ? "" : Arrays.toString(shape));
    }

    private static boolean fits(long[] expected, long[] found) {
        if (expected.length != found.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] >= 0 && expected[i] != found[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * The arrays in the types of their placeholders. The session would cast too, and then take the caller's own array
     * for one of its to reuse.
     */
    Map<String, INDArray> typed(Map<String, INDArray> given) {
        Map<String, INDArray> typed = new LinkedHashMap<>();
        given.forEach((name, array) -> {
            DataType type = placeholders.get(name).dataType();
            typed.put(name, array.dataType() == type ? array : array.castTo(type));
        });
        return typed;
    }
}
