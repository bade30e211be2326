/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.ArrayTape;
import org.lora4j.method.ArrayTape.Node;
import org.lora4j.method.ArrayTape.Recorded;
import org.lora4j.method.Factors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The slots of a weight whose updates are no products of A and B: their methods say what becomes of the module, its bias
 * included, in a calculation on a tape.
 *
 * @apiNote Status: internal
 */
public final class MethodSlots {

    private final Function<String, INDArray> parameters;
    private final Supplier<LayerWeight> kind;
    private final LoraSettings settings;
    private final List<LoraSlot> slots;

    /** {@code parameters} finds a parameter by its name. */
    public MethodSlots(
            Function<String, INDArray> parameters, Supplier<LayerWeight> kind, LoraSettings settings, String weight) {
        this.parameters = parameters;
        this.kind = kind;
        this.settings = settings;
        this.slots = settings.of(weight).stream()
                .filter(slot -> !slot.thin() && !slot.replacesRows())
                .toList();
    }

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
                && slots.stream().anyMatch(slot -> slot.arithmetic().biasEffect() == BiasEffect.CHANGES);
    }

    /** Whether the bias that the layer adds is another one than its parameter. */
    public boolean changes(String parameter) {
        return !slots.isEmpty() && parameter.equals(kind().bias()) && changesBias();
    }

    private Set<String> suffixes(LoraSlot slot) {
        return slot.arithmetic().factors(kind().shape(), slot.rank()).keySet();
    }

    /** The factors and the bias on a tape; in training with gradients for those that learn. */
    public OnTape on(ArrayTape tape, boolean training) {
        LayerWeight of = kind();
        Map<LoraSlot, Factors<Node>> factors = new LinkedHashMap<>();
        Node own = changesBias() ? leaf(tape, of.bias(), training && settings.learns(of.bias())) : null;
        Node bias = own;
        for (LoraSlot slot : slots) {
            Map<String, Node> nodes = new LinkedHashMap<>();
            suffixes(slot)
                    .forEach(suffix ->
                            nodes.put(suffix, leaf(tape, of.parameter(slot, suffix), training && slot.learns())));
            Factors<Node> ofSlot = new Recorded(nodes, slot.scaling());
            factors.put(slot, ofSlot);
            bias = bias == null ? null : slot.arithmetic().bias(tape, ofSlot, bias);
        }
        return new OnTape(factors, own, bias);
    }

    private Node leaf(ArrayTape tape, String parameter, boolean learns) {
        INDArray value = parameters.apply(parameter);
        return learns ? tape.leaf(value) : tape.constant(value);
    }

    /**
     * The factors and the bias in one calculation.
     *
     * @param factors the factors by slot
     * @param own the bias of the layer; null if no method changes it
     * @param bias what has become of it; null if no method changes it
     */
    public record OnTape(Map<LoraSlot, Factors<Node>> factors, Node own, Node bias) {

        /** A map for the gradients of results, with that of the bias that the layer added where it matters. */
        public Map<Node, INDArray> seeds(Supplier<INDArray> ofBias) {
            Map<Node, INDArray> seeds = new LinkedHashMap<>();
            if (bias != null) {
                seeds.put(bias, ofBias.get().reshape(bias.value().shape()));
            }
            return seeds;
        }
    }

    /** Writes the gradients that the tape took, of factors and bias where these learn. */
    public void write(OnTape taken, Map<String, INDArray> views, Gradient gradient) {
        LayerWeight of = kind();
        if (taken.own() != null && settings.learns(of.bias())) {
            write(of.bias(), taken.own(), views, gradient);
        }
        taken.factors().forEach((slot, factors) -> {
            if (slot.learns()) {
                suffixes(slot)
                        .forEach(suffix -> write(of.parameter(slot, suffix), factors.get(suffix), views, gradient));
            }
        });
    }

    private static void write(String parameter, Node node, Map<String, INDArray> views, Gradient gradient) {
        INDArray view = views.get(parameter);
        view.assign(node.gradient().reshape(view.shape()));
        gradient.gradientForVariable().put(parameter, view);
    }
}
