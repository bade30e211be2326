/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.NoOp;

/** What every adapted layer must keep whatever its settings: the stock output at the start, gradients, and merging. */
abstract class LayerCoreContract extends LayerFixture {

    /** Inside the layer under test sums of few numbers of order 1 are rounded. */
    private static final double MERGED = 1e-6;

    /** As many values of a parameter are tested here; every one in {@link LayerAdapterContract}. */
    private static final int SAMPLE = 3;

    LayerCoreContract(LayerCase one) {
        super(one);
    }

    @Test
    void output_whileBIsZero_isTheStockOutputInEveryValue() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        MultiLayerNetwork adapted = adapted(stock, updates(Initialization.KAIMING_UNIFORM, 0));

        if (one.rounding() == 0) {
            assertThat(values(output(adapted))).isEqualTo(values(stockOutput(stock)));
        } else {
            assertThat(values(output(adapted))).containsExactly(values(stockOutput(stock)), offset(one.rounding()));
        }
    }

    @Test
    void output_withActingUpdates_differsFromTheStockOutput() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        MultiLayerNetwork adapted = adapted(stock, updates(Initialization.RANDOM, 0));

        assertThat(values(output(adapted))).isNotEqualTo(values(stockOutput(stock)));
    }

    @Test
    void gradients_ofUpdatesAndBase_areThoseOfDifferences() {
        assertGradientsHold(learningBase(), SAMPLE);
    }

    @Test
    void gradients_whileTheBaseIsFrozen_areTheSame() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        Map<String, INDArray> expected = gradients(adapted(stock, learningBase()));

        Map<String, INDArray> gradients = gradients(adapted(stock, updates(Initialization.RANDOM, 0)));

        expected.keySet().removeIf(this::isOfBase);
        gradients.keySet().removeIf(this::isOfBase);
        assertThat(gradients.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, gradient) ->
                assertThat(values(gradients.get(name))).as(name).containsExactly(values(gradient), offset(1e-12)));
    }

    LoraSettings learningBase() {
        return new LoraSettings(updates(Initialization.RANDOM, 0).slots(), List.copyOf(stockNames()), false);
    }

    private boolean isOfBase(String parameter) {
        return stockNames().stream().anyMatch(name -> parameter.equals(position() + "_" + name));
    }

    void assertGradientsHold(LoraSettings settings, int mostPerParameter) {
        MultiLayerNetwork network = adapted(built(stock(), new NoOp()), settings);
        DataSet batch = new DataSet(features(), labels(), featuresMask(), labelsMask());
        Map<String, INDArray> gradients = gradients(network);
        for (String name : network.paramTable().keySet()) {
            if (!isOfBase(name) || !settings.learning().isEmpty()) {
                assertThat(gradients).containsKey(name);
                assertIsThatOfDifferences(
                        network, name, gradients.get(name), mostPerParameter, () -> network.score(batch, true));
            }
        }
    }

    @Test
    void mergedWeight_givesTheOutputOfTheUpdates() {
        MultiLayerNetwork stock = built(stock(), new NoOp());
        MultiLayerNetwork adapted = adapted(stock, updates(Initialization.RANDOM, 0));
        double[] expected = values(output(adapted));
        Layer layer = configuration(adapted);

        for (LoraSlot slot : LayerKinds.settings(layer).orElseThrow().slots()) {
            LayerWeight weight = LayerKinds.weight(layer, slot.weight());
            Map<String, INDArray> factors = Map.of(
                    LoraMethod.down(weight.shape()),
                            adapted.getLayer(position()).getParam(slot.a()).dup('c'),
                    LoraMethod.up(weight.shape()),
                            adapted.getLayer(position()).getParam(slot.b()).dup('c'));
            INDArray own = stock.getLayer(position()).getParam(slot.weight());
            INDArray merged =
                    new LoraMethod().mergedWeight(weight.shape(), weight.toPeft(own), factors, slot.scaling());
            INDArray part = weight.part(own);
            part.assign(weight.layout().fromPeft(merged, part.shape()));
        }

        assertThat(values(stockOutput(stock))).containsExactly(expected, offset(MERGED));
    }
}
