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
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.ArrayTape;
import org.lora4j.method.ArrayTape.Node;
import org.lora4j.method.ArrayTape.Recorded;
import org.lora4j.method.Factors;
import org.lora4j.method.MethodTraits;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The slots of a weight whose updates are no products of A and B, or are scaled by such a one: their methods say what becomes
 * of the module, its bias included, in a calculation on a tape.
 *
 * @apiNote Status: internal
 */
public final class MethodSlots {

    private final Function<String, INDArray> parameters;
    private final Supplier<LayerWeight> kind;
    private final LoraSettings settings;
    private final IntSupplier iteration;
    private final List<LoraSlot> slots;

    /** {@code parameters} finds a parameter by its name; {@code iteration} tells which step of a training it is. */
    public MethodSlots(
            Function<String, INDArray> parameters,
            Supplier<LayerWeight> kind,
            LoraSettings settings,
            String weight,
            IntSupplier iteration) {
        this.parameters = parameters;
        this.kind = kind;
        this.settings = settings;
        this.iteration = iteration;
        this.slots = MethodTraits.ordered(SlotOrder.calculated(settings, weight), LoraSlot::arithmetic);
    }

    /** In the order in which they change the weight. */
    public List<LoraSlot> list() {
        return slots;
    }

    public LayerWeight kind() {
        return kind.get();
    }

    private boolean changesBias() {
        String bias = kind().bias();
        return bias != null
                && parameters.apply(bias) != null
                && slots.stream().anyMatch(slot -> slot.arithmetic().traits().biasEffect() == BiasEffect.CHANGES);
    }

    /** Whether the bias that the layer adds is another one than its parameter. */
    public boolean changes(String parameter) {
        return !slots.isEmpty() && parameter.equals(kind().bias()) && changesBias();
    }

    /**
     * The factors and the bias on a tape.
     *
     * @param gradients whether what learns gets gradients
     * @param training whether methods leave out parts of updates
     */
    public OnTape on(ArrayTape tape, boolean gradients, boolean training) {
        LayerWeight of = kind();
        Map<String, Node> learning = new LinkedHashMap<>();
        Function<String, Node> node = parameter -> {
            INDArray value = parameters.apply(parameter);
            return gradients && settings.learns(parameter)
                    ? learning.computeIfAbsent(parameter, name -> tape.leaf(value))
                    : tape.constant(value);
        };
        Map<LoraSlot, Factors<Node>> factors = new LinkedHashMap<>();
        Node bias = changesBias() ? node.apply(of.bias()) : null;
        for (LoraSlot slot : slots) {
            AdapterMethod method = slot.arithmetic();
            Map<String, Node> nodes = new LinkedHashMap<>();
            method.factors(of.shape(), slot.rank())
                    .keySet()
                    .forEach(suffix -> nodes.put(suffix, node.apply(of.parameter(slot, suffix))));
            Node kept = training
                            && slot.learns()
                            && !method.traits().updateDropout().isNone()
                    ? tape.constant(PathDropout.ofUpdate(
                            slot,
                            iteration.getAsInt(),
                            nodes.values().iterator().next().value().dataType(),
                            of.shape()))
                    : null;
            factors.put(slot, new Recorded(nodes, slot.scaling(), kept));
            bias = bias == null ? null : method.bias(tape, factors.get(slot), bias);
        }
        return new OnTape(factors, learning, bias);
    }

    /**
     * The factors and the bias in one calculation.
     *
     * @param factors the factors by slot
     * @param learning what learns of them, and the bias if it does, by the names of the parameters
     * @param bias what has become of the bias; null if no method changes it
     */
    public record OnTape(Map<LoraSlot, Factors<Node>> factors, Map<String, Node> learning, Node bias) {

        /** A map for the gradients of results, with that of the bias that the layer added where it matters. */
        public Map<Node, INDArray> seeds(Supplier<INDArray> ofBias) {
            Map<Node, INDArray> seeds = new LinkedHashMap<>();
            if (bias != null) {
                seeds.put(bias, ofBias.get().reshape(bias.value().shape()));
            }
            return seeds;
        }

        /** Writes the gradients that the tape took. */
        public void write(Map<String, INDArray> views, Gradient gradient) {
            learning.forEach((name, node) -> {
                INDArray view = views.get(name);
                gradient.gradientForVariable()
                        .put(name, view.assign(node.gradient().reshape(view.shape())));
            });
        }
    }
}
