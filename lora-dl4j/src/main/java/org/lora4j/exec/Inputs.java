/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.Problems;
import org.lora4j.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks what a caller gives an executor, before anything runs. */
final class Inputs {

    private Inputs() {}

    /** Throws one exception with every problem of a call. */
    static void check(
            SameDiff graph, Map<String, INDArray> given, Collection<String> outputs, Collection<String> filledHere) {
        Problems problems = new Problems();
        List<String> known = new ArrayList<>();
        for (String output : outputs) {
            if (graph.hasVariable(output)) {
                known.add(output);
            } else {
                problems.add("no variable \"" + output + "\" to compute");
            }
        }
        Set<String> needed = GraphOrder.ancestors(graph, known);
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.PLACEHOLDER && !filledHere.contains(v.name())) {
                checkOne(v, given.get(v.name()), needed.contains(v.name()), problems);
            }
        }
        for (String name : given.keySet()) {
            if (!graph.hasVariable(name) || graph.getVariable(name).getVariableType() != VariableType.PLACEHOLDER) {
                problems.add("\"" + name + "\" is not a placeholder; placeholders are " + graph.inputs());
            }
        }
        problems.throwIfAny("graph input");
    }

    private static void checkOne(SDVariable placeholder, INDArray array, boolean needed, Problems problems) {
        long[] expected = placeholder.placeholderShape();
        String description = "placeholder \"" + placeholder.name() + "\" " + describe(placeholder.dataType(), expected);
        if (array == null) {
            if (needed) {
                problems.add(description + " is missing");
            }
        } else if (expected != null && !fits(expected, array.shape())) {
            problems.add(description + " was given " + describe(array.dataType(), array.shape()));
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

    /** A text that is equal exactly for inputs of equal names and shapes. */
    static String shapeKey(Map<String, INDArray> placeholders) {
        StringBuilder key = new StringBuilder();
        new TreeMap<>(placeholders).forEach((name, array) -> key.append(name).append(Arrays.toString(array.shape())));
        return key.toString();
    }
}
