/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.Initialization;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;

/** What adapted kinds of layers that DoRA can adapt must keep in addition. */
public abstract class DoraLayerContract extends LayerAdapterContract {

    /** Lengths that are formed again are rounded again. */
    private static final double START = 1e-12;

    /** Of sums of few numbers of order 1. */
    private static final double MERGED = 1e-6;

    private static final double EPSILON = 1e-6;

    /** Of the differences, which are exact to about the square of their step. */
    private static final double RELATIVE = 1e-5;

    private static final double ABSOLUTE = 1e-8;

    /** As many values of a parameter are tested. */
    private static final int SAMPLE = 6;

    /** A slot of DoRA that drops inputs, if it does, one that does not, and one of LoRA. */
    private LoraSettings decomposed(double dropout, boolean withBase) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights()) {
            slots.add(slot(0, weight, 2, dropout, "DORA"));
            slots.add(slot(1, weight, 3, 0, "DORA"));
            slots.add(slot(2, weight, 1, 0, "LORA"));
        }
        return new LoraSettings(slots, withBase ? List.copyOf(stockNames()) : List.of(), false);
    }

    private static LoraSlot slot(int index, String weight, int rank, double dropout, String method) {
        return new LoraSlot(index, weight, rank, 0.7, dropout, true, false, Initialization.RANDOM, 5 + index, method);
    }

    private MultiLayerNetwork decomposed(MultiLayerNetwork stock, LoraSettings settings) {
        MultiLayerNetwork network = adapted(stock, settings);
        // The start values of magnitudes are lengths of the weight that the network was initialized with.
        for (LoraSlot slot : settings.slots()) {
            if (slot.method().equals("DORA")) {
                INDArray m = parameter(network, slot.weight() + "M" + slot.index());
                m.assign(lengths(network, slot).reshape(m.shape()));
            }
        }
        return network;
    }

    private INDArray parameter(MultiLayerNetwork network, String name) {
        return network.getLayer(position()).getParam(name);
    }

    private LayerWeight weight(MultiLayerNetwork network, LoraSlot slot) {
        return LayerKinds.weight(configuration(network), slot.weight());
    }

    private Map<String, INDArray> factors(MultiLayerNetwork network, LoraSlot slot) {
        ModuleShape shape = weight(network, slot).shape();
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(LoraMethod.down(shape), parameter(network, slot.a()).dup('c'));
        factors.put(LoraMethod.up(shape), parameter(network, slot.b()).dup('c'));
        if (slot.method().equals("DORA")) {
            factors.put(
                    DoraMethod.MAGNITUDE,
                    parameter(network, slot.weight() + "M" + slot.index()).dup('c'));
        }
        return factors;
    }

    /** The length of W + s B A for each output. */
    private INDArray lengths(MultiLayerNetwork network, LoraSlot slot) {
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
            parameter(network, slot.weight() + "M" + slot.index()).muli(1.5);
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

    @ParameterizedTest
    @CsvSource({"0, false", "0.4, true"})
    void gradientsOfDora_areThoseOfDifferencesWhileLengthsAreHeld(double dropout, boolean withBase) {
        MultiLayerNetwork network = decomposed(built(stock(), new NoOp()), decomposed(dropout, withBase));
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        score(network);
        network.gradient().gradientForVariable().forEach((name, array) -> gradients.put(name, array.dup('c')));

        for (LoraSlot slot :
                LayerKinds.settings(configuration(network)).orElseThrow().slots()) {
            assertThat(gradients.keySet())
                    .containsAll(slot.names().stream()
                            .map(name -> position() + "_" + name)
                            .toList());
        }
        gradients.forEach((name, gradient) -> compare(network, name, gradient));
    }

    private double score(MultiLayerNetwork network) {
        network.setInput(features());
        network.setLabels(labels());
        network.setLayerMaskArrays(featuresMask(), labelsMask());
        network.computeGradientAndScore();
        double score = network.score();
        network.clearLayerMaskArrays();
        return score;
    }

    private void compare(MultiLayerNetwork network, String name, INDArray gradient) {
        INDArray parameter = network.getParam(name);
        long step = Math.max(1, parameter.length() / SAMPLE);
        for (long i = 0; i < parameter.length(); i += step) {
            double before = parameter.dup('c').getDouble(i);
            double up = scoreAt(network, parameter, i, before + EPSILON);
            double down = scoreAt(network, parameter, i, before - EPSILON);
            // The score is a mean; the gradient is a sum until the updater divides it.
            double expected = (up - down) / (2 * EPSILON) * features().size(0);
            assertThat(gradient.dup('c').getDouble(i))
                    .as(name + ", value " + i)
                    .isCloseTo(expected, offset(ABSOLUTE * features().size(0) + RELATIVE * Math.abs(expected)));
            put(parameter, i, before);
        }
    }

    /** The score with another value, and with magnitudes that grow as lengths do: what a gradient that holds them sees. */
    private double scoreAt(MultiLayerNetwork network, INDArray parameter, long i, double value) {
        Map<LoraSlot, INDArray> before = new LinkedHashMap<>();
        double old = parameter.dup('c').getDouble(i);
        LayerKinds.settings(configuration(network)).orElseThrow().slots().stream()
                .filter(slot -> slot.method().equals("DORA"))
                .forEach(slot -> before.put(slot, lengths(network, slot)));
        put(parameter, i, value);
        Map<LoraSlot, INDArray> magnitudes = new LinkedHashMap<>();
        before.forEach((slot, lengths) -> {
            INDArray m = parameter(network, slot.weight() + "M" + slot.index());
            magnitudes.put(slot, m.dup());
            m.muli(lengths(network, slot).div(lengths).reshape(m.shape()));
        });
        double score = score(network);
        magnitudes.forEach((slot, m) ->
                parameter(network, slot.weight() + "M" + slot.index()).assign(m));
        put(parameter, i, old);
        return score;
    }

    private static void put(INDArray array, long i, double value) {
        INDArray all = array.dup('c');
        all.putScalar(i, value);
        array.assign(all);
    }

    @Test
    void trainingOfDora_savedAndResumed_equalsOneThatWasNotInterrupted() throws IOException {
        MultiLayerNetwork network = decomposed(built(stock(), new Adam(0.02)), decomposed(0.3, false));
        INDArray before = parameter(network, "WM0").dup();
        fit(network, 2);
        MultiLayerNetwork restored = throughZip(network);

        fit(network, 2);
        fit(restored, 2);

        assertThat(values(restored.params())).isEqualTo(values(network.params()));
        assertThat(values(parameter(network, "WM0"))).isNotEqualTo(values(before));
    }

    @Test
    void configurationWithDora_throughJson_isTheSame() {
        MultiLayerConfiguration conf =
                adapted(built(stock(), new Adam(0.02)), decomposed(0.3, false)).getLayerWiseConfigurations();

        MultiLayerConfiguration json = MultiLayerConfiguration.fromJson(conf.toJson());

        assertThat(LayerKinds.settings(json.getConf(position()).getLayer()))
                .isEqualTo(LayerKinds.settings(conf.getConf(position()).getLayer()));
    }
}
