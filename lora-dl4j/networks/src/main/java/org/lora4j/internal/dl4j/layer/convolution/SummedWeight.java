/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.dl4j.layer.WeightLayout;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.FormedWeight;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.MatrixProducts;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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
    private final FormedWeight formed;
    private LayerWeight weight;

    SummedWeight(BaseLayer<?> layer, LoraSettings settings, String name) {
        this.layer = layer;
        this.settings = settings;
        this.name = name;
        this.updates = new LowRank(layer, settings, name);
        this.formed = new FormedWeight(layer::getParam, this::weight, settings, name, layer::getIterationCount);
    }

    /** The part of the updates that is no thin products. */
    FormedWeight formed() {
        return formed;
    }

    /** A parameter as the stock operation is to see it. */
    INDArray parameter(String parameter, boolean training) {
        return parameter.equals(name) ? sum(training) : formed.parameter(parameter, training);
    }

    List<LoraSlot> slots() {
        return updates.slots();
    }

    boolean learns() {
        return settings.learns(name) || updates.learns();
    }

    LayerWeight weight() {
        if (weight == null) {
            weight = LayerKinds.weight(layer.layerConf(), name);
        }
        return weight;
    }

    /** The weight with all updates that see the same input; to be read only. */
    INDArray sum(boolean training) {
        INDArray own = formed.parameter(name, training);
        INDArray sum = null;
        for (LoraSlot slot : slots()) {
            if (!slot.drops(training)) {
                sum = sum == null ? own.dup('c') : sum;
                add(slot, sum);
            }
        }
        return sum == null ? own : sum;
    }

    /** An update, in the layout of the layer: a new array. */
    INDArray delta(LoraSlot slot) {
        INDArray own = layer.getParam(name);
        INDArray delta = Nd4j.create(own.dataType(), own.shape(), 'c');
        add(slot, delta);
        return delta;
    }

    /** Adds an update to an array in C order, in one product where the layouts allow. */
    private void add(LoraSlot slot, INDArray sum) {
        WeightLayout layout = weight().layout();
        long[] peft = weight().shape().weight();
        INDArray a = updates.a(slot);
        INDArray b = updates.b(slot);
        if (layout == WeightLayout.SAME) {
            MatrixProducts.add(slot.scaling(), b, false, a, false, sum.reshape('c', true, peft[0], a.size(1)));
            return;
        }
        if (layout == WeightLayout.MEMORY_REVERSED) {
            INDArray byWindow = layer.getParam(slot.a())
                    .reshape('c', true, a.size(0), peft[1], peft[2])
                    .permute(2, 1, 0)
                    .dup('c')
                    .reshape('c', true, a.size(1), a.size(0));
            MatrixProducts.add(slot.scaling(), byWindow, false, b, true, sum.reshape('c', true, a.size(1), peft[0]));
            return;
        }
        INDArray product = Nd4j.createUninitialized(sum.dataType(), new long[] {peft[0], a.size(1)}, 'c');
        MatrixProducts.set(slot.scaling(), b, false, a, false, product);
        add(product, sum);
    }

    /** Adds rows of a weight in PEFT's layout, in C order, to an array of the layer's, in C order. */
    private void add(INDArray rows, INDArray sum) {
        INDArray ordered = weight().layout()
                .disordered(rows.reshape('c', true, weight().shape().weight()), sum.shape());
        sum.reshape('c', true, ordered.shape()).addi(ordered);
    }

    /** Adds the biases of all B to an output. */
    void addBiases(INDArray output, int channelAxis) {
        for (LoraSlot slot : slots()) {
            if (slot.bias()) {
                Broadcasts.add(output, layer.getParam(slot.c()).mul(slot.scaling()), channelAxis);
            }
        }
    }

    /** Writes the gradients of an update, from that of the weight that it was added to. */
    void gradients(LoraSlot slot, INDArray ofWeight, Map<String, INDArray> views, Gradient gradient) {
        INDArray peft = weight().toPeft(ofWeight);
        INDArray matrix = peft.reshape('c', true, peft.size(0), peft.length() / peft.size(0));
        INDArray a = views.get(slot.a());
        MatrixProducts.set(slot.scaling(), updates.b(slot), true, matrix, false, LowRank.matrix(a));
        gradient.gradientForVariable().put(slot.a(), a);
        if (slot.isTrained(slot.b())) {
            INDArray b = views.get(slot.b());
            MatrixProducts.set(slot.scaling(), matrix, false, updates.a(slot), true, LowRank.matrix(b));
            gradient.gradientForVariable().put(slot.b(), b);
        }
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
