/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.lora4j.internal.engine.kernel.IndexCheck;
import org.lora4j.internal.engine.kernel.Kernels;
import org.lora4j.internal.engine.kernel.Multiplications;
import org.lora4j.internal.engine.plan.PlannedValue.Place;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Goes through a graph once, for inputs of certain shapes, and finds out all that depends on shapes alone. Only what shapes
 * are made of is computed on the way: shapes themselves and small integer constants.
 */
final class Planner {

    /** Elements of an integer that may be a shape, an axis or a range of places. */
    private static final long MOST_KNOWN = 4096;

    private final SameDiff graph;
    private final Map<String, Kernel> kernels;
    private final Map<String, INDArray> placeholders;
    private final List<String> results;
    private final boolean valuesKnown;
    private final Map<String, PlannedValue> values = new LinkedHashMap<>();
    private final List<PlannedStep> steps = new ArrayList<>();
    private final OutputShapes outputShapes = new OutputShapes();

    /** A step with the values that it reads and writes. */
    record PlannedStep(
            SameDiffOp op,
            Supplier<Step> step,
            Rounded rounded,
            List<PlannedValue> inputs,
            List<PlannedValue> outputs) {

        PlanStep description() {
            return new PlanStep(
                    Kernels.workOf(op),
                    inputs.stream().map(PlannedValue::operand).toList(),
                    outputs.stream().map(PlannedValue::operand).toList(),
                    Multiplications.of(op.getOp(), shapes(inputs), shapes(outputs)));
        }

        private static List<long[]> shapes(List<PlannedValue> values) {
            return values.stream().map(PlannedValue::shape).toList();
        }

        /** The same work on other values. */
        PlannedStep on(List<PlannedValue> otherInputs, List<PlannedValue> otherOutputs) {
            return new PlannedStep(op, step, rounded, otherInputs, otherOutputs);
        }
    }

    /** Says that a graph has no plan, and why. */
    static final class NoPlanException extends Exception {
        private static final long serialVersionUID = 1L;

        NoPlanException(SameDiffOp op, String reason) {
            super("op \"" + op.getName() + "\" (" + op.getOp().opName() + ") " + reason);
        }
    }

    /**
     * For inputs of these shapes.
     *
     * @param valuesKnown whether those that may be shapes will have these values, too
     */
    Planner(
            SameDiff graph,
            Map<String, Kernel> kernels,
            Map<String, INDArray> placeholders,
            Collection<String> results,
            boolean valuesKnown) {
        this.graph = graph;
        this.kernels = kernels;
        this.placeholders = placeholders;
        this.results = List.copyOf(results);
        this.valuesKnown = valuesKnown;
    }

    /** A plan; activations are rounded, if something does, and those below losses, if there are any, are computed again. */
    Plan plan(Optional<Kernel> rounding, Collection<String> losses, Arena arena) throws NoPlanException {
        goThrough();
        List<PlannedStep> rounded =
                rounding.map(kernel -> RoundedActivations.of(steps, kernel)).orElse(steps);
        List<PlannedStep> all = losses.isEmpty() ? rounded : Recomputation.of(rounded, forward(rounded, losses));
        return new Plan(graph, all, values, results, arena);
    }

    // The number of steps of the forward pass, which ends with the losses.
    private static int forward(List<PlannedStep> steps, Collection<String> losses) {
        int last = 0;
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).outputs().stream().anyMatch(output -> losses.contains(output.name()))) {
                last = i + 1;
            }
        }
        return last;
    }

    /** The shapes of all variables that the results depend on. */
    Map<String, long[]> shapes() throws NoPlanException {
        goThrough();
        Map<String, long[]> shapes = new HashMap<>();
        values.forEach((name, value) -> shapes.put(name, value.shape()));
        return shapes;
    }

    private void goThrough() throws NoPlanException {
        Set<String> needed = GraphOrder.ancestors(graph, results);
        for (String name : needed) {
            SDVariable variable = graph.getVariable(name);
            if (variable.getVariableType() == VariableType.PLACEHOLDER) {
                values.put(name, given(name));
            } else if (variable.getVariableType() != VariableType.ARRAY) {
                values.put(name, leaf(name, variable));
            }
        }
        try {
            for (SameDiffOp op : GraphOrder.topological(graph)) {
                if (op.getOutputsOfOp().stream().anyMatch(needed::contains)) {
                    add(op);
                }
            }
        } finally {
            outputShapes.close();
        }
    }

    private PlannedValue given(String name) {
        INDArray array = placeholders.get(name);
        return PlannedValue.of(name, valuesKnown && InputKey.mayBeShape(array) ? Place.KNOWN : Place.GIVEN, array);
    }

    private static PlannedValue leaf(String name, SDVariable variable) {
        INDArray array = variable.getArr();
        boolean known = variable.getVariableType() == VariableType.CONSTANT
                && !array.dataType().isFPType()
                && array.length() <= MOST_KNOWN;
        return PlannedValue.of(name, known ? Place.KNOWN : Place.LEAF, array);
    }

    private void add(SameDiffOp op) throws NoPlanException {
        DifferentialFunction function = op.getOp();
        if (!ValueUse.isComputation(function)) {
            throw new NoPlanException(op, "is not a computation on its inputs");
        }
        List<PlannedValue> inputs =
                GraphOrder.inputs(op).stream().map(values::get).toList();
        boolean allKnown = ValueUse.isOfShapes(function);
        if (!allKnown) {
            requireKnown(op, inputs);
            // An op of our own may hold a weight beside its inputs, as a lookup in a stored table does: it stays a
            // step.
            allKnown = !Kernels.isOwn(function) && inputs.stream().allMatch(value -> value.place() == Place.KNOWN);
        }
        List<INDArray> arrays = inputs.stream().map(outputShapes::array).toList();
        List<LongShapeDescriptor> shapes = typed(op, outputShapes.of(function, inputs, arrays));
        if (allKnown && shapes.stream().allMatch(s -> MemoryPlacement.length(s.getShape()) <= MOST_KNOWN)) {
            compute(op, arrays, shapes);
        } else if (ValueUse.isView(function) && inputs.get(0).place() == Place.ARENA && !isResult(op)) {
            String name = op.getOutputsOfOp().get(0);
            values.put(name, inputs.get(0).viewAs(name, shapes.get(0).getShape()));
        } else {
            addStep(op, inputs, arrays, shapes);
        }
    }

    private boolean isResult(SameDiffOp op) {
        return op.getOutputsOfOp().stream().anyMatch(results::contains);
    }

    private static void requireKnown(SameDiffOp op, List<PlannedValue> inputs) throws NoPlanException {
        for (int i = 0; i < inputs.size(); i++) {
            PlannedValue input = inputs.get(i);
            if (input.place() != Place.KNOWN && ValueUse.shapesResult(op.getOp(), i, input.type())) {
                throw new NoPlanException(
                        op, "has a result whose shape may depend on the value of \"" + input.name() + "\"");
            }
        }
    }

    // As the stock session does: ops cannot tell which of several types their result has, variables can.
    private List<LongShapeDescriptor> typed(SameDiffOp op, List<LongShapeDescriptor> found) throws NoPlanException {
        List<String> names = op.getOutputsOfOp();
        if (found.size() != names.size()) {
            throw new NoPlanException(op, "has " + names.size() + " outputs and the shapes of " + found.size());
        }
        List<LongShapeDescriptor> typed = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            LongShapeDescriptor shape = found.get(i);
            DataType type = graph.getVariable(names.get(i)).dataType();
            if (shape.isEmpty() || type == DataType.UTF8 || type == DataType.UNKNOWN) {
                throw new NoPlanException(op, "has an output that is empty or text");
            }
            typed.add(shape.dataType() == type ? shape : shape.asDataType(type));
        }
        return typed;
    }

    private void compute(SameDiffOp op, List<INDArray> inputs, List<LongShapeDescriptor> shapes) {
        Step step = checked(op, new NativeStep(op.getOp(), inputs.size(), shapes.size()), inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            step.input(i, inputs.get(i));
        }
        List<INDArray> outputs = new ArrayList<>();
        for (int i = 0; i < shapes.size(); i++) {
            INDArray output = Nd4j.create(shapes.get(i)).detach();
            outputs.add(output);
            step.output(i, output);
        }
        step.run();
        for (int i = 0; i < outputs.size(); i++) {
            String name = op.getOutputsOfOp().get(i);
            values.put(name, PlannedValue.of(name, Place.KNOWN, outputs.get(i)));
        }
    }

    private static Step checked(SameDiffOp op, Step step, int inputs) {
        IndexCheck check = IndexCheck.of(op);
        return check == null ? step : new CheckedStep(step, check, inputs);
    }

    private void addStep(
            SameDiffOp op, List<PlannedValue> inputs, List<INDArray> arrays, List<LongShapeDescriptor> shapes) {
        List<PlannedValue> outputs = new ArrayList<>();
        for (int i = 0; i < shapes.size(); i++) {
            String name = op.getOutputsOfOp().get(i);
            LongShapeDescriptor shape = shapes.get(i);
            PlannedValue output =
                    PlannedValue.computed(name, results.contains(name), shape.dataType(), shape.getShape());
            outputs.add(output);
            values.put(name, output);
        }
        Kernel kernel = kernels.get(op.getName());
        boolean own = kernel != null && kernel.computes(op.getOp(), arrays);
        Supplier<Step> step = own
                ? () -> new KernelStep(kernel, inputs.size(), outputs.size())
                : () -> new NativeStep(op.getOp(), inputs.size(), outputs.size());
        steps.add(new PlannedStep(
                op,
                () -> checked(op, step.get(), inputs.size()),
                own ? kernel.rounded(arrays) : Rounded.NONE,
                inputs,
                outputs));
    }
}
