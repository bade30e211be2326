/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;

/** What adapted kinds of layers that DoRA can adapt must keep in addition. */
abstract class DoraLayerContract extends DoraCoreContract {

    /** As many values of a parameter are tested by default, and in thorough tests. */
    private static final int SAMPLE = 4;

    private static final int MORE = 20;

    DoraLayerContract(LayerCase one) {
        super(one);
    }

    @Test
    void gradientsOfDora_withDropoutAndBase_areThoseOfDifferencesWhileLengthsAreHeld() {
        assertGradientsHold(0.4, true, SAMPLE);
    }

    @Tag("thorough")
    @Test
    void gradientsOfDora_whileTheBaseIsFrozen_areThoseOfDifferencesWhileLengthsAreHeld() {
        assertGradientsHold(0, false, MORE);
    }

    private void assertGradientsHold(double dropout, boolean withBase, int mostPerParameter) {
        MultiLayerNetwork network = decomposed(built(stock(), new NoOp()), decomposed(dropout, withBase));
        Map<String, INDArray> gradients = gradients(network);

        for (LoraSlot slot : slots(network)) {
            assertThat(gradients.keySet())
                    .containsAll(slot.names().stream()
                            .map(name -> position() + "_" + name)
                            .toList());
        }
        DataSet batch = new DataSet(features(), labels(), featuresMask(), labelsMask());
        Map<LoraSlot, INDArray> start = new LinkedHashMap<>();
        slots(network).stream()
                .filter(DoraCoreContract::isDora)
                .forEach(slot -> start.put(slot, lengths(network, slot)));
        gradients.forEach((name, gradient) -> assertIsThatOfDifferences(
                network, name, gradient, mostPerParameter, () -> lossWithGrowingMagnitudes(network, start, batch)));
    }

    private List<LoraSlot> slots(MultiLayerNetwork network) {
        return LayerKinds.settings(configuration(network)).orElseThrow().slots();
    }

    /** The loss with magnitudes that grow as lengths do: what a gradient that holds lengths sees. */
    private double lossWithGrowingMagnitudes(MultiLayerNetwork network, Map<LoraSlot, INDArray> start, DataSet batch) {
        Map<LoraSlot, INDArray> magnitudes = new LinkedHashMap<>();
        start.forEach((slot, lengths) -> {
            INDArray m = parameter(network, magnitude(slot));
            magnitudes.put(slot, m.dup());
            m.muli(lengths(network, slot).div(lengths).reshape(m.shape()));
        });
        double loss = network.score(batch, true);
        magnitudes.forEach((slot, m) -> parameter(network, magnitude(slot)).assign(m));
        return loss;
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
