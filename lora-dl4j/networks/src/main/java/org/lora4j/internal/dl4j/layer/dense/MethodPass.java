/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.MethodSlots;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.Place;
import org.lora4j.method.ArrayTape.Node;
import org.lora4j.method.Factors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows through a linear weight with the methods in it that are no thin products: each acts where it says, on the rows, on the
 * weight, or on what comes out.
 */
final class MethodPass {

    private final MethodSlots slots;
    private final LinearTape tape;
    private final MethodSlots.OnTape onTape;
    private final Node output;

    /** {@code masks} gives what dropout leaves of the rows for a slot. */
    MethodPass(
            MethodSlots slots,
            LoraSettings settings,
            INDArray weight,
            INDArray x,
            boolean training,
            Function<LoraSlot, INDArray> masks) {
        this.slots = slots;
        boolean learns = training && settings.learns(slots.kind().name());
        this.tape = new LinearTape(slots.kind().shape(), weight.transpose(), learns, x, training && !settings.lowest());
        this.onTape = slots.on(tape, training, training);
        Map<LoraSlot, Factors<Node>> factors = new LinkedHashMap<>(onTape.factors());
        factors.replaceAll(
                (slot, own) -> slot.drops(training) ? new Dropping(own, tape.constant(masks.apply(slot)), tape) : own);
        this.output = through(factors);
    }

    /** Factors with what dropout leaves of the rows. */
    private record Dropping(Factors<Node> own, Node mask, LinearTape tape) implements Factors<Node> {

        @Override
        public Node get(String suffix) {
            return own.get(suffix);
        }

        @Override
        public double scaling() {
            return own.scaling();
        }

        @Override
        public Node kept() {
            return own.kept();
        }

        @Override
        public boolean drops() {
            return true;
        }

        @Override
        public Node drop(Node x) {
            return tape.multiply(x, mask);
        }
    }

    private Node through(Map<LoraSlot, Factors<Node>> factors) {
        Node x = tape.input();
        Node w = tape.weight();
        Set<LoraSlot> apart = new HashSet<>();
        boolean scaled = false;
        for (Map.Entry<LoraSlot, Factors<Node>> one : factors.entrySet()) {
            AdapterMethod method = one.getKey().arithmetic();
            if (place(one.getKey()) == Place.WEIGHT) {
                // The weight of the others sees all values, and an output that is scaled has what came before in it.
                if (scaled || one.getValue().drops()) {
                    apart.add(one.getKey());
                } else {
                    w = method.weight(tape, one.getValue(), w);
                }
            }
            scaled |= method.traits().scalesOthers();
        }
        // What changes the weight last is what the input meets first.
        List<LoraSlot> inputs = new ArrayList<>(factors.keySet());
        Collections.reverse(inputs);
        for (LoraSlot slot : inputs) {
            if (place(slot) == Place.INPUT) {
                x = slot.arithmetic().input(tape, factors.get(slot), x);
            }
        }
        Node y = x == tape.input() && w == tape.weight() ? tape.withoutBias() : tape.product(x, w);
        for (Map.Entry<LoraSlot, Factors<Node>> one : factors.entrySet()) {
            AdapterMethod method = one.getKey().arithmetic();
            tape.reached(y);
            if (place(one.getKey()) == Place.OUTPUT) {
                y = method.output(tape, one.getValue(), y);
            } else if (apart.contains(one.getKey())) {
                Node seen = one.getValue().drop(tape.input());
                y = tape.add(y, tape.product(seen, method.weightUpdate(tape, one.getValue())));
            }
        }
        return y;
    }

    private Place place(LoraSlot slot) {
        return slot.arithmetic().place(tape.shape(), slot.rank());
    }

    INDArray input() {
        return tape.input().value();
    }

    /** What comes out, without the bias; to be read only. */
    INDArray output() {
        return output.value();
    }

    /** The bias that is to be added; null if it is the layer's own. */
    INDArray bias() {
        return onTape.bias() == null ? null : onTape.bias().value();
    }

    /**
     * Writes the gradients of what learns here.
     *
     * @return the gradient of the rows; null if nothing below needs it
     */
    INDArray backward(INDArray delta, Map<String, INDArray> views, Gradient gradient) {
        Map<Node, INDArray> seeds = onTape.seeds(() -> delta.sum(0));
        seeds.put(output, delta);
        tape.backward(seeds);
        onTape.write(views, gradient);
        if (tape.weightGradient() != null) {
            String name = slots.kind().name();
            gradient.gradientForVariable()
                    .put(name, views.get(name).assign(tape.weightGradient().transpose()));
        }
        return tape.input().gradient();
    }
}
