/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** What adapted layers that DoRA can adapt must keep in addition, whatever their settings: the start and merging. */
abstract class DoraCoreContract extends LayerFixture {

    /** Lengths that are formed again are rounded again. */
    private static final double START = 1e-12;

    /** Of sums of few numbers of order 1. */
    private static final double MERGED = 1e-6;

    DoraCoreContract(LayerCase one) {
        super(one);
    }

    static boolean isDora(LoraSlot slot) {
        return slot.method().equals("DORA");
    }

    static String magnitude(LoraSlot slot) {
        return slot.weight() + "M" + slot.index();
    }

    /** A slot of DoRA that drops inputs, if it does, one that does not, and one of LoRA. */
    LoraSettings decomposed(double dropout, boolean withBase) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights()) {
            slots.add(slot(0, weight, 2, dropout, "DORA"));
            slots.add(slot(1, weight, 3, 0, "DORA"));
            slots.add(slot(2, weight, 1, 0, "LORA"));
        }
        return new LoraSettings(slots, withBase ? List.copyOf(stockNames()) : List.of(), false);
    }

    static LoraSlot slot(int index, String weight, int rank, double dropout, String method) {
        return new LoraSlot(index, weight, rank, 0.7, dropout, true, false, Initialization.RANDOM, 5 + index, method);
    }

    MultiLayerNetwork decomposed(MultiLayerNetwork stock, LoraSettings settings) {
        MultiLayerNetwork network = adapted(stock, settings);
        // The start values of magnitudes are lengths of the weight that the network was initialized with.
        for (LoraSlot slot : settings.slots()) {
            if (isDora(slot)) {
                INDArray m = parameter(network, magnitude(slot));
                m.assign(lengths(network, slot).reshape(m.shape()));
            }
        }
        return network;
    }

    INDArray parameter(MultiLayerNetwork network, String name) {
        return network.getLayer(position()).getParam(name);
    }

    LayerWeight weight(MultiLayerNetwork network, LoraSlot slot) {
        return LayerKinds.weight(configuration(network), slot.weight());
    }

    Map<String, INDArray> factors(MultiLayerNetwork network, LoraSlot slot) {
        ModuleShape shape = weight(network, slot).shape();
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(LoraMethod.down(shape), parameter(network, slot.a()).dup('c'));
        factors.put(LoraMethod.up(shape), parameter(network, slot.b()).dup('c'));
        if (isDora(slot)) {
            factors.put(
                    DoraMethod.MAGNITUDE, parameter(network, magnitude(slot)).dup('c'));
        }
        return factors;
    }

    /** The length of W + s B A for each output. */
    INDArray lengths(MultiLayerNetwork network, LoraSlot slot) {
        LayerWeight weight = weight(network, slot);
        INDArray base = weight.toPeft(parameter(network, slot.weight()));
        INDArray sum = new LoraMethod().mergedWeight(weight.shape(), base, factors(network, slot), slot.scaling());
        double[] values = values(sum);
        int outputs = Math.toIntExact(weight.shape().outputs());
        boolean outputsLast = weight.shape().kind() == ModuleShape.Kind.EMBEDDING;
        double[] squares = new double[outputs];
        for (int i = 0; i < values.length; i++) {
            int output = outputsLast ? i % outputs : i / (values.length / outputs);
            squares[output] += values[i] * values[i];
        }
        return Nd4j.createFromArray(Arrays.stream(squares).map(Math::sqrt).toArray());
    }

    @Test
    void output_ofFreshDora_isTheStockOutputButForRounding() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        LoraSettings settings = new LoraSettings(
                weights().stream()
                        .map(weight -> new LoraSlot(
                                0, weight, 2, 0.7, 0, true, false, Initialization.KAIMING_UNIFORM, 5, "DORA"))
                        .toList(),
                List.of(),
                false);

        MultiLayerNetwork network = decomposed(stock, settings);

        assertThat(values(output(network))).containsExactly(values(stockOutput(stock)), offset(START));
    }

    @Test
    void mergedWeight_givesTheOutputOfDora() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        LoraSettings settings = new LoraSettings(
                weights().stream().map(weight -> slot(0, weight, 2, 0, "DORA")).toList(), List.of(), false);
        MultiLayerNetwork network = decomposed(stock, settings);
        for (LoraSlot slot : settings.slots()) {
            parameter(network, magnitude(slot)).muli(1.5);
        }
        double[] expected = values(output(network));

        for (LoraSlot slot : settings.slots()) {
            LayerWeight weight = weight(network, slot);
            INDArray own = parameter(stock, slot.weight());
            INDArray merged = new DoraMethod()
                    .mergedWeight(weight.shape(), weight.toPeft(own), factors(network, slot), slot.scaling());
            own.assign(weight.layout().fromPeft(merged, own.shape()));
        }

        assertThat(values(stockOutput(stock))).containsExactly(expected, offset(MERGED));
    }
}
