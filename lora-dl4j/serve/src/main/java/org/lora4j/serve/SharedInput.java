/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.samediff.form.Site;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.BaseScalarOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * A module that all rows of a batch share, such as one that projects distances: what an adapter adds to it is added where rows of the
 * batch take from it, {@code gather(x W, index) + gather(x, index) A B}, which is the same number for number. Between the module and
 * those places there may be sums with what learns nothing, and products with numbers.
 */
final class SharedInput {

    private final List<Place> places;
    private final String refusal;

    /**
     * A place where rows of the batch take some of the shared ones.
     *
     * @param gather own name of the op
     * @param factor what the shared rows were multiplied by on the way there
     */
    record Place(String gather, double factor) {}

    /** What lies between: an op with a number, and what it makes of a factor. */
    private static final Map<String, BiFunction<Double, Double, Double>> SCALARS = Map.of(
            "mul_scalar", (factor, number) -> factor * number,
            "div_scalar", (factor, number) -> factor / number,
            "add_scalar", (factor, number) -> factor,
            "sub_scalar", (factor, number) -> factor,
            "rsub_scalar", (factor, number) -> -factor);

    /** Ops of one input that pass on what is added, or its negative. */
    private static final Map<String, UnaryOperator<Double>> PLAIN =
            Map.of("identity", factor -> factor, "neg", factor -> -factor);

    private SharedInput(List<Place> places, String refusal) {
        this.places = List.copyOf(places);
        this.refusal = refusal;
    }

    /** Follows what a site gives. */
    static SharedInput of(SameDiff graph, Site site) {
        List<Place> places = new ArrayList<>();
        String output = graph.getOps().get(site.op()).getOutputsOfOp().get(0);
        String problem = site.form().name().equals("matmul")
                ? follow(graph, output, 1, places)
                : "\"" + output + "\" is no plain product";
        return new SharedInput(places, problem);
    }

    private static String follow(SameDiff graph, String variable, double factor, List<Place> places) {
        String problem = null;
        for (String name : GraphOrder.consumers(graph, variable)) {
            SameDiffOp op = graph.getOps().get(name);
            List<String> inputs = GraphOrder.inputs(op);
            String next = op.getOutputsOfOp().get(0);
            String kind = op.getOp().opName();
            boolean once = inputs.indexOf(variable) == inputs.lastIndexOf(variable);
            if (kind.equals("gather") && isOfFirstAxis(op) && inputs.get(0).equals(variable) && once) {
                places.add(new Place(name, factor));
            } else if (inputs.size() == 1 && SCALARS.containsKey(kind) && isNumber(op)) {
                double number = ((BaseScalarOp) op.getOp()).scalar().getDouble(0);
                problem = follow(graph, next, SCALARS.get(kind).apply(factor, number), places);
            } else if (inputs.size() == 1 && PLAIN.containsKey(kind)) {
                problem = follow(graph, next, PLAIN.get(kind).apply(factor), places);
            } else if (once
                    && (kind.equals("add") || kind.equals("subtract"))
                    && isLeaf(graph, other(inputs, variable))) {
                boolean negative = kind.equals("subtract") && inputs.get(1).equals(variable);
                problem = follow(graph, next, negative ? -factor : factor, places);
            } else {
                problem = "\"" + variable + "\" is read by the op \"" + name + "\" (" + kind + ")";
            }
            if (problem != null) {
                return problem;
            }
        }
        return places.isEmpty() ? "nothing takes rows of \"" + variable + "\" by an index" : null;
    }

    private static String other(List<String> inputs, String variable) {
        return inputs.get(inputs.get(0).equals(variable) ? 1 : 0);
    }

    private static boolean isLeaf(SameDiff graph, String variable) {
        VariableType type = graph.getVariable(variable).getVariableType();
        return type == VariableType.CONSTANT || type == VariableType.VARIABLE;
    }

    private static boolean isNumber(SameDiffOp op) {
        return op.getOp() instanceof BaseScalarOp scalar && scalar.scalar() != null;
    }

    private static boolean isOfFirstAxis(SameDiffOp op) {
        long[] arguments = op.getOp() instanceof DynamicCustomOp custom ? custom.iArgs() : new long[] {-1};
        return GraphOrder.inputs(op).size() == 2 && (arguments.length == 0 || arguments[0] == 0);
    }

    /** Where rows of the batch take from it; none if {@link #refusal} says why. */
    List<Place> places() {
        return refusal == null ? places : List.of();
    }

    /** What the places give, to be checked. */
    List<String> taken(SameDiff graph) {
        return places().stream()
                .map(place ->
                        graph.getOps().get(place.gather()).getOutputsOfOp().get(0))
                .toList();
    }

    /** Why nothing can be added; null if it can. */
    String refusal(SameDiff graph, RowCheck rows) {
        if (refusal != null) {
            return refusal;
        }
        return taken(graph).stream()
                .filter(variable -> !rows.isOfEach(variable))
                .findFirst()
                .map(variable -> "\"" + variable + "\" has no row for each row of a batch")
                .orElse(null);
    }
}
