/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.engine.kernel.Kernels;
import org.lora4j.internal.engine.plan.PlannedValue.Place;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;

/**
 * Shapes and types of the outputs of ops, as ND4J tells them. It is asked once for ops of the same attributes on inputs of the
 * same shapes: the layers of a model are alike, and a question to native code takes as long as planning a dozen ops.
 */
final class OutputShapes implements AutoCloseable {

    private final Map<Question, List<LongShapeDescriptor>> answers = new HashMap<>();
    private final PlaceholderArrays stand = new PlaceholderArrays();

    /** All that the answer depends on, for an op that reads no value. */
    private record Question(String op, Class<?> type, List<List<?>> attributes, List<Input> inputs) {}

    private record Input(DataType type, List<Long> shape) {}

    /** The array of a value, or one that stands for it. */
    INDArray array(PlannedValue value) {
        return stand.array(value);
    }

    /** For an op on these inputs; {@code arrays} are theirs. */
    List<LongShapeDescriptor> of(DifferentialFunction op, List<PlannedValue> inputs, List<INDArray> arrays) {
        return Kernels.shapes(op, arrays).orElseGet(() -> {
            boolean known = op instanceof DynamicCustomOp && inputs.stream().noneMatch(OutputShapes::mayBeRead);
            return known
                    ? answers.computeIfAbsent(question((DynamicCustomOp) op, inputs), q -> ask(op, arrays))
                    : ask(op, arrays);
        });
    }

    private static boolean mayBeRead(PlannedValue input) {
        return input.place() == Place.KNOWN
                || input.array() != null && !input.type().isFPType();
    }

    private static Question question(DynamicCustomOp op, List<PlannedValue> inputs) {
        return new Question(
                op.opName(),
                op.getClass(),
                List.of(numbers(op.iArgs()), numbers(op.tArgs()), flags(op.bArgs()), List.of(op.dArgs())),
                inputs.stream()
                        .map(value -> new Input(value.type(), numbers(value.shape())))
                        .toList());
    }

    private static List<Long> numbers(long... numbers) {
        return Arrays.stream(numbers).boxed().toList();
    }

    private static List<Double> numbers(double... numbers) {
        return Arrays.stream(numbers).boxed().toList();
    }

    private static List<Boolean> flags(boolean... flags) {
        List<Boolean> list = new ArrayList<>();
        for (boolean flag : flags) {
            list.add(flag);
        }
        return list;
    }

    private static List<LongShapeDescriptor> ask(DifferentialFunction op, List<INDArray> inputs) {
        OpContext context = NativeOp.newContext(op);
        context.setInputArrays(inputs);
        List<LongShapeDescriptor> shapes = op instanceof DynamicCustomOp custom
                ? custom.calculateOutputShape(context)
                : ((BaseOp) op).calculateOutputShape(context);
        context.purge();
        return shapes;
    }

    @Override
    public void close() {
        stand.close();
    }
}
