/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Normalizations of Deeplearning4j that are trained alone: gains of layers that normalize what they multiply, and layers. */
class LnTuningInNetworksTest {

    private static final INDArray X = Networks.normal(6, 4);

    private static final INDArray LABELS = Networks.classes(6, 3);

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc")
                        .nIn(4)
                        .nOut(5)
                        .hasLayerNorm(true)
                        .build())
                .layer(new BatchNormalization.Builder().name("bn").nOut(5).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(5)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static AdaptedNetwork<MultiLayerNetwork> trained(MultiLayerNetwork base) {
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(
                AdaptedNetwork.of(base),
                LnTuningConfig.builder().targetModules("fc", "bn").build(),
                1);
        for (int i = 0; i < 3; i++) {
            model.network().fit(X, LABELS);
        }
        return model;
    }

    @Test
    void gainsAndBiases_areTrained_andTheWeightThatIsNormalizedIsNot() {
        MultiLayerNetwork base = network();
        double[] before = Networks.values(base.params());

        Adapter adapter = trained(base).adapter("default");

        assertThat(Networks.values(base.params())).isEqualTo(before);
        assertThat(adapter.modules()).isEmpty();
        assertThat(adapter.savedParameters())
                .containsOnlyKeys("fc.g", "fc.bias", "bn.weight", "bn.bias", "bn.mean", "bn.log10stdev");
        for (String parameter : List.of("fc.g", "bn.weight", "fc.bias", "bn.bias")) {
            double start = parameter.endsWith("bias") ? 0 : 1;
            assertThat(Networks.values(adapter.savedParameters().get(parameter)))
                    .as(parameter)
                    .doesNotContain(start);
        }
    }

    @Test
    void directory_hasThemUnderKeysOfTheMethod_andGivesTheSameOutput(@TempDir Path directory) throws Exception {
        AdaptedNetwork<MultiLayerNetwork> model = trained(network());
        double[] trained = Networks.values(model.network().output(X));

        model.adapter("default").save(directory);
        AdaptedNetwork<MultiLayerNetwork> again = DefaultAdapter.saved(AdaptedNetwork.of(network()), directory);

        assertThat(Files.readString(directory.resolve("adapter_model.safetensors"), StandardCharsets.ISO_8859_1))
                .contains("base_model.model.fc.ln_tuning_layers.g", "base_model.model.bn.ln_tuning_layers.weight")
                .doesNotContain("base_model.model.fc.weight");
        assertThat(Networks.values(again.network().output(X))).isEqualTo(trained);
    }

    @Test
    void merge_putsThemIntoTheNetwork_andUnmergeTakesThemOut() {
        AdaptedNetwork<MultiLayerNetwork> model = trained(network());
        double[] attached = Networks.values(model.network().output(X));

        model.merge();
        double[] merged = Networks.values(model.network().output(X));
        model.unmerge();

        assertThat(merged).containsExactly(attached, offset(1e-12));
        assertThat(Networks.values(model.network().output(X))).isEqualTo(attached);
    }

    @Test
    void twoAdapters_cannotBeActiveTogether() {
        AdaptedNetwork<MultiLayerNetwork> model = trained(network());
        model.addAdapter("other", LnTuningConfig.builder().targetModules("bn").build(), 1);

        assertThatThrownBy(() -> model.activate("default", "other"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"bn.weight\"")
                .hasMessageContaining("one of these adapters at a time");
    }

    @Test
    void targetWithoutGain_isRefusedByName() {
        LnTuningConfig config =
                LnTuningConfig.builder().targetModules("bn", "head").build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(network()), config, 1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("target \"head\" has a weight and no gain, expected a normalization");
    }
}
