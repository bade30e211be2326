/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Gains of features: one number for each in files, as in PyTorch, where layers have a row. Earlier versions wrote the row. */
class GainsOfFeaturesTest {

    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .targetModules("fc")
            .modulesToSave("gain")
            .build();

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(4).nOut(5).build())
                .layer(new ElementWiseMultiplicationLayer.Builder()
                        .name("gain")
                        .nIn(5)
                        .nOut(5)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("out")
                        .nIn(5)
                        .nOut(2)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static AdaptedNetwork<MultiLayerNetwork> trained() {
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(network()), CONFIG, 1);
        model.network().fit(Networks.normal(3, 4), Networks.normal(3, 2));
        return model;
    }

    private static double[] output(AdaptedNetwork<MultiLayerNetwork> model) {
        return Networks.values(model.network().output(Networks.normal(3, 4)));
    }

    /** The adapter as files had it before gains were vectors. */
    private static Adapter before(Adapter adapter, long... shape) {
        Map<String, INDArray> saved = new HashMap<>(adapter.savedParameters());
        saved.computeIfPresent("gain.weight", (path, gain) -> gain.reshape(shape));
        return Adapter.of(adapter.config(), adapter.extras(), adapter.modules(), saved)
                .withBaseHashes(adapter.baseHashes());
    }

    @Test
    void gains_areVectorsInFiles() {
        assertThat(trained()
                        .adapter("default")
                        .savedParameters()
                        .get("gain.weight")
                        .shape())
                .containsExactly(5);
    }

    @Test
    void gainsThatWereSavedAsARow_areRead_andSavedAsAVector(@TempDir Path folder) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        Adapter adapter = model.adapter("default");
        before(adapter, 1, 5).save(folder);

        AdaptedNetwork<MultiLayerNetwork> again = DefaultAdapter.saved(AdaptedNetwork.of(network()), folder);

        assertThat(output(again)).isEqualTo(output(model));
        assertThat(again.adapter("default")).isEqualTo(adapter);
    }

    @Test
    void gainsOfAnotherShape_areRefused() {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network());
        Adapter column = before(trained().adapter("default"), 5, 1);

        assertThatThrownBy(() -> model.addAdapter("a", column))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("parameter \"gain.weight\" has shape [5, 1]; expected [5]");
    }
}
