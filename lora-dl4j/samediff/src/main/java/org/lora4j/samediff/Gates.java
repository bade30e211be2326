/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.samediff.ExpertGate.Input;
import org.lora4j.samediff.LiveAdapter.Live;
import org.lora4j.samediff.LiveAdapter.Part;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The gate of an adapter as live arrays.
 *
 * @param experts number of experts
 * @param input what the gate sees
 * @param modules by path of the module: {@code [1, experts]}, or {@code [in, experts]} in the layout of A
 */
record Gates(int experts, Input input, Map<String, Live> modules) {

    /** Forms whose thin activation has the rank along its last axis. */
    private static final Set<String> FORMS = Set.of("matmul", "linear op");

    /** Makes the arrays of a gate, after checking that it fits the adapter. */
    static Gates of(LiveAdapter adapter, ExpertGate gate) {
        check(adapter, gate);
        Map<String, Live> modules = new LinkedHashMap<>();
        adapter.modules().forEach((path, part) -> {
            INDArray value = gate.values().get(path);
            DataType type = part.factors().get(LoraMethod.A).array().dataType();
            INDArray peft = value == null ? Nd4j.zeros(type, shape(part, gate)) : value.castTo(type);
            INDArray live = gate.input() == Input.ACTIVATION
                    ? part.module().factorLayout().factorFromPeft(peft)
                    : peft.reshape(1, gate.experts()).dup('c');
            modules.put(path, new Live(path + ".gate." + adapter.name(), live));
        });
        return new Gates(gate.experts(), gate.input(), modules);
    }

    private static long[] shape(Part part, ExpertGate gate) {
        return gate.input() == Input.ACTIVATION
                ? new long[] {gate.experts(), part.module().shape().inputs()}
                : new long[] {gate.experts()};
    }

    private static void check(LiveAdapter adapter, ExpertGate gate) {
        Problems problems = new Problems();
        problems.check(
                adapter.modules().values().stream().allMatch(part -> part.method() instanceof LoraMethod)
                        && adapter.modules().values().stream()
                                .allMatch(part -> part.method().traits().biasEffect() == BiasEffect.NONE)
                        && adapter.tokens().isEmpty(),
                "the adapter is " + adapter.config()
                        + "; expected plain LoRA without a bias on B and without token rows");
        adapter.modules().forEach((path, part) -> {
            boolean linear = part.module().shape().kind() == ModuleShape.Kind.LINEAR
                    && FORMS.contains(part.module().form())
                    && part.start().isEmpty();
            problems.check(
                    linear,
                    "module \"" + path + "\" is a " + part.module().shape() + " spelled as \""
                            + part.module().form()
                            + "\"; expected a linear module (linear op, matmul) whose start leaves"
                            + " the base as it is");
            problems.check(
                    part.rank() % gate.experts() == 0,
                    "module \"" + path + "\" has rank " + part.rank() + "; expected a multiple of the " + gate.experts()
                            + " experts");
            INDArray value = gate.values().get(path);
            problems.check(
                    gate.values().isEmpty() || value != null,
                    "module \"" + path + "\" has no value in the gate; expected one for each module, or none at all");
            problems.check(
                    value == null || Arrays.equals(value.shape(), shape(part, gate)),
                    "module \"" + path + "\": the gate has shape "
                            + (value == null ? null : Arrays.toString(value.shape())) + "; expected "
                            + Arrays.toString(shape(part, gate)));
        });
        List<String> unknown = gate.values().keySet().stream()
                .filter(path -> !adapter.modules().containsKey(path))
                .toList();
        problems.check(
                unknown.isEmpty(),
                "the gate has values for " + Problems.quoted(unknown) + ", which the adapter does not adapt");
        problems.throwIfAny("gate of adapter \"" + adapter.name() + "\"");
    }

    /** The values now, in the layout of {@link ExpertGate}. */
    ExpertGate snapshot(LiveAdapter adapter) {
        Map<String, INDArray> values = new LinkedHashMap<>();
        modules.forEach((path, live) -> {
            Part part = adapter.modules().get(path);
            values.put(
                    path,
                    input == Input.ACTIVATION
                            ? part.module()
                                    .factorLayout()
                                    .toPeft(live.array(), part.module().shape())
                            : live.array().dup('c').reshape(experts).dup('c'));
        });
        return new ExpertGate(experts, input, values);
    }

    /** What repeats the share of each expert for its rows. */
    INDArray spread(int rank, DataType type) {
        INDArray spread = Nd4j.zeros(type, experts, rank);
        for (int row = 0; row < rank; row++) {
            spread.putScalar(row / (rank / experts), row, 1);
        }
        return spread;
    }

    List<TrainableParameter> trainable() {
        Kind kind = input == Input.ACTIVATION ? Kind.WEIGHT : Kind.BIAS_OR_NORM;
        List<TrainableParameter> parameters = new ArrayList<>();
        modules.forEach(
                (path, live) -> parameters.add(new TrainableParameter(live.variable(), path, kind, live.array())));
        return parameters;
    }
}
