/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;

/**
 * A weight of a running convolution and its updates {@code s B A}, added up. What an update adds to the weight is computed
 * once, what it adds to the output once for each position: adding weights costs next to nothing, and leaves one convolution.
 * Updates that drop inputs are left out, as they see another input.
 */
final class SummedWeight {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final String name;
    private final LowRank updates;
    private final Magnitudes magnitudes;

    SummedWeight(BaseLayer<?> layer, LoraSettings settings, String name) {
        this.layer = layer;
        this.settings = settings;
        this.name = name;
        this.updates = new LowRank(layer, settings, name);
        this.magnitudes = new Magnitudes(layer::getParam, this::weight, updates);
    }

    List<LoraSlot> slots() {
        return updates.slots();
    }

    static boolean drops(LoraSlot slot, boolean training) {
        return slot.drops(training);
    }

    boolean learns() {
        return settings.learns(name) || updates.learns();
    }

    private LayerWeight weight() {
        return LayerKinds.weight(layer.layerConf(), name);
    }

    /** The weight with all updates that see the same input. */
    INDArray sum(boolean training) {
        INDArray sum = layer.getParam(name);
        for (LoraSlot slot : slots()) {
            if (!drops(slot, training)) {
                sum = sum.add(delta(slot));
            }
        }
        return sum;
    }

    /** An update, in the layout of the layer. */
    INDArray delta(LoraSlot slot) {
        INDArray product = slot.decomposes()
                ? magnitudes.delta(slot)
                : updates.b(slot).mmul(updates.a(slot)).muli(slot.scaling());
        LayerWeight weight = weight();
        return weight.layout()
                .fromPeft(
                        product.dup('c').reshape('c', weight.shape().weight()),
                        layer.getParam(name).shape());
    }

    /** Adds the biases of all B to an output. */
    void addBiases(INDArray output, int channelAxis) {
        for (LoraSlot slot : slots()) {
            if (slot.bias()) {
                Broadcast.add(output, layer.getParam(slot.c()).mul(slot.scaling()), output, channelAxis);
            }
        }
    }

    /** Writes the gradients of an update, from that of the weight that it was added to. */
    void gradients(LoraSlot slot, INDArray ofWeight, Map<String, INDArray> views, Gradient gradient) {
        INDArray peft = weight().toPeft(ofWeight);
        INDArray matrix = peft.reshape('c', true, peft.size(0), peft.length() / peft.size(0));
        INDArray a = views.get(slot.a());
        INDArray b = views.get(slot.b());
        a.assign(updates.b(slot)
                .transpose()
                .mmul(matrix)
                .muli(slot.scaling())
                .dup('c')
                .reshape('c', a.shape()));
        b.assign(matrix.mmul(updates.a(slot).transpose())
                .muli(slot.scaling())
                .dup('c')
                .reshape('c', b.shape()));
        gradient.gradientForVariable().put(slot.a(), a);
        gradient.gradientForVariable().put(slot.b(), b);
    }

    /** Writes the gradients of the biases of all B that learn. */
    void biasGradients(INDArray delta, int channelAxis, Map<String, INDArray> views, Gradient gradient) {
        for (LoraSlot slot : slots()) {
            if (slot.learns() && slot.bias()) {
                INDArray c = views.get(slot.c());
                c.assign(Channels.sum(delta, channelAxis).muli(slot.scaling()));
                gradient.gradientForVariable().put(slot.c(), c);
            }
        }
    }
}
