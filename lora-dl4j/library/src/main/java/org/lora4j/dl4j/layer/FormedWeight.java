/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.ArrayTape.Node;
import org.lora4j.method.ArrayTape.Recorded;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.WeightTape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A weight of a running layer with the updates in it that are no thin products, and the bias that goes with it. The method of
 * each slot says what becomes of both; its gradients are taken from those of the weight and the bias that the layer
 * multiplies and adds.
 */
final class FormedWeight {

    private final Function<String, INDArray> parameters;
    private final Supplier<LayerWeight> kind;
    private final LoraSettings settings;
    private final String name;
    private final List<LoraSlot> slots;

    /** {@code parameters} finds a parameter by its name. */
    FormedWeight(
            Function<String, INDArray> parameters, Supplier<LayerWeight> kind, LoraSettings settings, String name) {
        this.parameters = parameters;
        this.kind = kind;
        this.settings = settings;
        this.name = name;
        this.slots = settings.of(name).stream().filter(slot -> !slot.isThin()).toList();
    }

    /** Whether a gradient of the formed weight, or of the weight itself, is of use. */
    boolean wantsGradient() {
        return settings.learns(name) || slots.stream().anyMatch(LoraSlot::learns);
    }

    /** A parameter as the layer is to use it: the weight and its bias with the updates in them; to be read only. */
    INDArray parameter(String parameter) {
        INDArray own = parameters.apply(parameter);
        if (slots.isEmpty()) {
            return own;
        }
        if (parameter.equals(name)) {
            INDArray formed = own.dup(own.ordering());
            // In the memory order of the parameter: products round as those of the stock layer do.
            return formed.assign(kind.get().fromPeft(new Pass().peftWeight(own.dataType()), own));
        }
        return parameter.equals(kind.get().bias()) ? new Pass().bias().orElse(own) : own;
    }

    INDArray weight() {
        return parameter(name);
    }

    /**
     * Writes the gradients of what learns here.
     *
     * @param ofWeight the gradient of the formed weight, in the layout of the layer
     * @param ofBias the gradient of the bias that the layer added, asked for where it matters
     */
    void backward(INDArray ofWeight, Supplier<INDArray> ofBias, Map<String, INDArray> views, Gradient gradient) {
        if (slots.isEmpty()) {
            putWeight(ofWeight, views, gradient);
            return;
        }
        Pass pass = new Pass();
        Map<Node, INDArray> seeds = new LinkedHashMap<>();
        seeds.put(pass.weight, pass.tape.rows(kind.get().toPeft(ofWeight)));
        if (pass.bias != null) {
            seeds.put(pass.bias, ofBias.get().reshape(pass.bias.value().shape()));
        }
        pass.tape.backward(seeds);
        if (settings.learns(name)) {
            putWeight(kind.get().fromPeft(pass.tape.weightGradient(), views.get(name)), views, gradient);
        }
        if (pass.ownBias != null && settings.learns(kind.get().bias())) {
            write(kind.get().bias(), pass.ownBias.gradient(), views, gradient);
        }
        pass.factors.forEach((slot, factors) -> factors.bySuffix().forEach((suffix, factor) -> {
            if (slot.learns()) {
                write(kind.get().parameter(slot, suffix), factor.gradient(), views, gradient);
            }
        }));
    }

    private void putWeight(INDArray value, Map<String, INDArray> views, Gradient gradient) {
        INDArray view = views.get(name);
        if (view != value) {
            view.assign(value);
        }
        gradient.gradientForVariable().put(name, view);
        if (kind.get().shape().kind() == ModuleShape.Kind.CONVOLUTION) {
            gradient.setGradientFor(name, view, 'c');
        }
    }

    private static void write(String parameter, INDArray value, Map<String, INDArray> views, Gradient gradient) {
        INDArray view = views.get(parameter);
        view.assign(value.reshape(view.shape()));
        gradient.gradientForVariable().put(parameter, view);
    }

    /** One calculation of the formed weight and bias. */
    private final class Pass {
        private final WeightTape tape;
        private final Map<LoraSlot, Recorded> factors = new LinkedHashMap<>();
        private final Node weight;
        private final Node ownBias;
        private final Node bias;

        Pass() {
            LayerWeight of = kind.get();
            tape = WeightTape.of(of.shape(), of.toPeft(parameters.apply(name)));
            boolean changesBias = of.bias() != null
                    && parameters.apply(of.bias()) != null
                    && slots.stream().anyMatch(slot -> slot.arithmetic().biasEffect() == BiasEffect.CHANGES);
            ownBias = changesBias ? tape.leaf(parameters.apply(of.bias())) : null;
            Node w = tape.weight();
            Node b = ownBias;
            for (LoraSlot slot : slots) {
                AdapterMethod method = slot.arithmetic();
                Map<String, INDArray> arrays = new LinkedHashMap<>();
                method.factors(of.shape(), slot.rank())
                        .keySet()
                        .forEach(suffix -> arrays.put(suffix, parameters.apply(of.parameter(slot, suffix))));
                Recorded leaves = tape.leaves(arrays, slot.scaling());
                factors.put(slot, leaves);
                w = method.weight(tape, leaves, w);
                b = b == null ? null : method.bias(tape, leaves, b);
            }
            weight = w;
            bias = b;
        }

        INDArray peftWeight(DataType type) {
            return tape.peft(weight, type);
        }

        Optional<INDArray> bias() {
            return Optional.ofNullable(bias).map(Node::value);
        }
    }
}
