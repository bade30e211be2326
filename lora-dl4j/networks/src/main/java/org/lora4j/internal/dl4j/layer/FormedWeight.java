/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.MethodSlots.OnTape;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.ArrayTape.Node;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.WeightTape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A weight of a running layer with the updates in it that are no thin products, and the bias that goes with it. The
 * method of each slot says what becomes of both; its gradients are taken from those of the weight and the bias that the layer
 * multiplies and adds. Linear layers, whose methods can act beside the weight, have no need of it.
 *
 * <p>A slot that drops values of the input sees another input than the weight: what it adds to the weight is multiplied on its
 * own. With X the input, X' what dropout leaves of it and U that addition, the output is {@code X W + X' U}.
 *
 * @apiNote Status: internal
 */
public final class FormedWeight {

    private final Function<String, INDArray> parameters;
    private final LoraSettings settings;
    private final String name;
    private final MethodSlots slots;

    /** {@code parameters} finds a parameter by its name; {@code iteration} tells which step of a training it is. */
    public FormedWeight(
            Function<String, INDArray> parameters,
            Supplier<LayerWeight> kind,
            LoraSettings settings,
            String name,
            IntSupplier iteration) {
        this.parameters = parameters;
        this.settings = settings;
        this.name = name;
        this.slots = new MethodSlots(parameters, kind, settings, name, iteration);
    }

    /** Whether there are no such updates. */
    public boolean isPlain() {
        return slots.list().isEmpty();
    }

    /** Whether a gradient of the formed weight, or of the weight itself, is of use. */
    public boolean wantsGradient() {
        return settings.learns(name) || slots.list().stream().anyMatch(LoraSlot::learns);
    }

    /** Whether there is something to be added to each output beside the bias of the layer. */
    public boolean addsBiases() {
        return slots.list().stream().anyMatch(LoraSlot::bias);
    }

    /** The slots that drop values of the input. */
    public List<LoraSlot> dropping(boolean training) {
        return slots.list().stream().filter(slot -> slot.drops(training)).toList();
    }

    /**
     * A parameter as the layer is to use it: the weight with the updates in it that drop nothing, and its bias; to be read
     * only.
     */
    public INDArray parameter(String parameter, boolean training) {
        if (slots.changes(parameter)) {
            return pass(training).onTape.bias().value();
        }
        return parameter.equals(name) ? pass(training).weight() : parameters.apply(parameter);
    }

    /** Rows that take the place of the weight's get the gradient that it would have. */
    private boolean rowsLearn() {
        return settings.of(name).stream().anyMatch(slot -> slot.replacesRows() && slot.learns());
    }

    /** Calculates the weight and the bias. */
    public Pass pass(boolean training) {
        return new Pass(training);
    }

    private void putWeight(INDArray value, Map<String, INDArray> views, Gradient gradient) {
        INDArray view = views.get(name);
        if (view != value) {
            view.assign(value);
        }
        if (slots.kind().shape().kind() == ModuleShape.Kind.CONVOLUTION) {
            gradient.setGradientFor(name, view, 'c');
        } else {
            gradient.gradientForVariable().put(name, view);
        }
    }

    /** One calculation of the formed weight and bias, and of what is added for dropped inputs. */
    public final class Pass {
        private final LayerWeight of = isPlain() ? null : slots.kind();
        private final WeightTape tape;
        private final OnTape onTape;
        private final Map<LoraSlot, Node> updates = new LinkedHashMap<>();
        private Node formed;
        private Node added;

        private Pass(boolean training) {
            if (isPlain()) {
                tape = null;
                onTape = null;
                return;
            }
            INDArray peft = of.toPeft(parameters.apply(name));
            boolean asked = settings.learns(name) || rowsLearn();
            tape = asked ? WeightTape.learning(of.shape(), peft) : WeightTape.of(of.shape(), peft);
            formed = tape.weight();
            // Lookups are the same in training, and take gradients of a pass that is none of training.
            onTape = slots.on(tape, true, training);
            onTape.factors().forEach((slot, factors) -> {
                AdapterMethod method = slot.arithmetic();
                if (slot.drops(training)) {
                    updates.put(slot, method.weightUpdate(tape, factors));
                } else {
                    if (method.traits().scalesOthers()) {
                        scaleWhatWasAdded(method.scaleOfOthers(tape, factors));
                    }
                    formed = method.weight(tape, factors, formed);
                }
                if (slot.bias()) {
                    added = method.bias(tape, factors, added == null ? nothing() : added);
                }
            });
        }

        /** The weight so far is scaled by the method itself. */
        private void scaleWhatWasAdded(Node perOutput) {
            updates.replaceAll((slot, update) -> tape.multiply(update, tape.alongWeight(perOutput)));
            added = added == null ? null : tape.multiply(added, perOutput);
        }

        private Node nothing() {
            return tape.constant(Nd4j.zeros(tape.dataType(), of.shape().outputs()));
        }

        /** What is added to each output beside the bias of the layer; to be read only. */
        public INDArray added() {
            return added.value();
        }

        /** The weight in the layout of the layer; to be read only. */
        public INDArray weight() {
            INDArray own = parameters.apply(name);
            // In the memory order of the parameter: products round as those of the stock layer do.
            return isPlain() ? own : own.dup(own.ordering()).assign(inLayer(formed));
        }

        /** What a slot that drops inputs adds to the weight, in the layout of the layer. */
        public INDArray update(LoraSlot slot) {
            return inLayer(updates.get(slot));
        }

        private INDArray inLayer(Node weight) {
            INDArray own = of.part(parameters.apply(name));
            return of.layout().fromPeft(WeightTape.peft(of.shape(), weight), own.shape());
        }

        /**
         * Writes the gradients of what learns here.
         *
         * @param ofWeight the gradient of the formed weight, in the layout of the layer
         * @param ofUpdates the gradients of what slots that drop values add to the weight, likewise
         * @param ofBias the gradient of the bias that the layer added, asked for where it matters
         * @return the gradient of the weight without these updates, in the layout of the layer
         */
        public Supplier<INDArray> backward(
                INDArray ofWeight,
                Map<LoraSlot, INDArray> ofUpdates,
                Supplier<INDArray> ofBias,
                Map<String, INDArray> views,
                Gradient gradient) {
            if (isPlain()) {
                putWeight(ofWeight, views, gradient);
                return () -> ofWeight;
            }
            Map<Node, INDArray> seeds = onTape.seeds(ofBias);
            seeds.put(formed, tape.rows(of.toPeft(ofWeight)));
            if (added != null) {
                seeds.put(added, ofBias.get().reshape(added.value().shape()));
            }
            ofUpdates.forEach((slot, ofUpdate) -> seeds.put(updates.get(slot), tape.rows(of.toPeft(ofUpdate))));
            tape.backward(seeds);
            Supplier<INDArray> own = () -> of.fromPeft(tape.weightGradient(), parameters.apply(name));
            if (settings.learns(name)) {
                putWeight(own.get(), views, gradient);
            }
            onTape.write(views, gradient);
            return own;
        }
    }
}
