/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.internal.engine.plan.KnownShapes;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.parts.BatchParts;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Decides in how many parts a graph runs a batch: as many as there may be, if that is right and each has enough to do. */
final class PartRule {

    /** Floating-point operations that are worth waking a thread for: a few tenths of a millisecond. */
    static final double LEAST_WORK = 2e7;

    private static final double WORK_OF_A_VALUE = 10;

    /** A graph with adapters has not twice the work of its base, unless their ranks are nearly those of the weights. */
    private static final double WITH_ADAPTERS = 2;

    private final SameDiff graph;
    private final SameDiff base;
    private final Engine engine;
    private final int most;
    private final double leastWork;

    /** {@code leastWork} is what a part must have to do. */
    PartRule(SameDiff graph, Engine engine, int most, double leastWork) {
        this(graph, null, engine, most, leastWork);
    }

    /**
     * For a graph with adapters, which is cut as its base, so that both round alike.
     *
     * @param base its work counts; null for that of the graph
     */
    PartRule(SameDiff graph, SameDiff base, Engine engine, int most, double leastWork) {
        this.graph = graph;
        this.base = base;
        this.engine = engine;
        this.most = most;
        this.leastWork = leastWork;
    }

    /**
     * What was found.
     *
     * @param parting in how many parts, and why
     * @param sums whether losses of parts are to be added, not averaged; false for a batch that stays whole
     * @param little whether there is not enough to do for two threads, native ones or others
     */
    record Decision(ExecutionParts parting, boolean sums, boolean little) {
        private static Decision whole(String reason, boolean little) {
            return new Decision(new ExecutionParts(1, reason), false, little);
        }

        /** The same work, not to be cut. */
        Decision whole(String reason) {
            return whole(reason, little);
        }
    }

    /** For outputs, which are joined, or for losses, which are averaged or added. */
    Decision decide(Map<String, INDArray> placeholders, Collection<String> outputs, boolean losses) {
        if (most == 1) {
            return Decision.whole("one thread", false);
        }
        Set<Long> rows = placeholders.values().stream()
                .filter(array -> array.rank() > 0)
                .map(array -> array.size(0))
                .collect(Collectors.toSet());
        Optional<KnownShapes> whole = ShapeTrace.known(engine, graph, placeholders, outputs);
        // A choice is kept for batches of equal shapes, which may have other ones inside if values of inputs are
        // shapes.
        boolean known = whole.isPresent() && !whole.get().ofValues();
        double work = known ? work(whole.get().shapes(), placeholders, outputs) : Double.NaN;
        boolean little = work < 2 * leastWork;
        if (rows.size() != 1) {
            return Decision.whole("placeholders differ in their first dimension", little);
        }
        if (placeholders.keySet().stream().anyMatch(this::hasFixedRows)) {
            return Decision.whole("a placeholder takes this number of rows only", little);
        }
        if (!known) {
            return Decision.whole("the shapes in the graph are not known beforehand", false);
        }
        long all = rows.iterator().next();
        int count = (int) Math.min(Math.min(most, all), work / leastWork);
        if (count < 2) {
            return Decision.whole(ExecutionParts.TOO_LITTLE, little);
        }
        BatchParts halves = BatchParts.of(placeholders, 2);
        Optional<KnownShapes> half = shapesOfHalf(halves.placeholders(0), outputs);
        if (half.isEmpty()) {
            return Decision.whole("the graph does not run on half of the rows", little);
        }
        RowIndependence apart = new RowIndependence(
                graph, outputs, whole.get().shapes(), all, half.get().shapes(), halves.rows(0));
        Optional<String> against = losses ? apart.reasonAgainstLosses(outputs) : apart.reasonAgainstJoining(outputs);
        return against.map(reason -> Decision.whole(reason, little))
                .orElseGet(() -> new Decision(
                        new ExecutionParts(count, "rows share nothing"), losses && apart.areSums(outputs), little));
    }

    private boolean hasFixedRows(String placeholder) {
        SDVariable variable = graph.getVariable(placeholder);
        long[] shape = variable == null ? null : variable.placeholderShape();
        return shape != null && shape.length > 0 && shape[0] >= 0;
    }

    /** Empty for a graph with the number of rows written into it, or with rows on another axis. */
    private Optional<KnownShapes> shapesOfHalf(Map<String, INDArray> half, Collection<String> outputs) {
        try {
            return ShapeTrace.known(engine, graph, half, outputs);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Of the base where that may decide otherwise, and has these outputs. */
    private double work(Map<String, long[]> shapes, Map<String, INDArray> placeholders, Collection<String> outputs) {
        double own = work(graph, shapes, outputs);
        if (base == null
                || own < 2 * leastWork
                || own > WITH_ADAPTERS * most * leastWork
                || !outputs.stream().allMatch(base::hasVariable)) {
            return own;
        }
        SameDiff plain = engine.prepare(base, List.of());
        Map<String, INDArray> inputs = new LinkedHashMap<>(placeholders);
        inputs.keySet().removeIf(name -> !plain.hasVariable(name));
        return ShapeTrace.known(engine, plain, inputs, outputs)
                .map(known -> work(plain, known.shapes(), outputs))
                .orElse(own);
    }

    /** About the operations of a forward pass. */
    private static double work(SameDiff graph, Map<String, long[]> shapes, Collection<String> outputs) {
        Set<String> asked = GraphOrder.ancestors(graph, outputs);
        double work = 0;
        for (SameDiffOp op : graph.getOps().values()) {
            String result = op.getOutputsOfOp().get(0);
            if (asked.contains(result) && shapes.containsKey(result)) {
                work += work(GraphOrder.inputs(op), op.getOp().opName(), length(shapes.get(result)), shapes);
            }
        }
        return work;
    }

    private static double work(List<String> inputs, String name, double values, Map<String, long[]> shapes) {
        long[] weight = inputs.size() < 2 ? null : shapes.get(inputs.get(1));
        if (weight == null || weight.length < 2 || values == 0) {
            return WORK_OF_A_VALUE * values;
        }
        if (name.equals("matmul") || name.equals("xw_plus_b") || name.equals("relu_layer")) {
            // Of b products [m, k] [k, n], b k k = (b m k) (b k n) / (b m n).
            double batches = 1;
            for (int i = 0; i < weight.length - 2; i++) {
                batches *= weight[i];
            }
            double squared = length(shapes.get(inputs.get(0))) * length(weight) / (values * batches);
            return 2 * values * Math.sqrt(squared);
        }
        if (name.contains("conv")) {
            // Each value is a sum over the kernel and the channels that come in; those that go out are an axis of the
            // weight.
            return 2 * values * length(weight) / Math.max(weight[0], weight[weight.length - 1]);
        }
        return WORK_OF_A_VALUE * values;
    }

    private static double length(long[] shape) {
        double length = 1;
        for (long size : shape) {
            length *= size;
        }
        return length;
    }
}
