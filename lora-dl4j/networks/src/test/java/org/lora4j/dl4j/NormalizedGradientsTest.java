/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Gradient normalization in both memory modes. The norm of a layer's gradient is a sum in FLOAT, which native code forms in
 * parts. In view, the zeros of frozen parameters belong to it, and the parts are others.
 */
class NormalizedGradientsTest {

    private static MultiLayerNetwork network(GradientNormalization normalization) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .updater(new Adam(0.001))
                .gradientNormalization(normalization)
                .gradientNormalizationThreshold(0.1)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc")
                        .nIn(300)
                        .nOut(300)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(300)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static Adapter trained(MultiLayerNetwork base, MemoryMode mode) {
        LoraConfig config = LoraConfig.builder().rank(8).targetModules("fc").build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, 3);
        for (int i = 0; i < 3; i++) {
            model.network().fit(normal(8, 300), classes(8, 3));
        }
        return model.adapter("default");
    }

    @ParameterizedTest
    @EnumSource(GradientNormalization.class)
    void factors_differByTheRoundingOfALayersNorm_atMost(GradientNormalization normalization) {
        MultiLayerNetwork base = network(normalization);
        boolean ofLayers = normalization == GradientNormalization.RenormalizeL2PerLayer
                || normalization == GradientNormalization.ClipL2PerLayer;

        Adapter inView = trained(base, MemoryMode.IN_VIEW);
        Adapter lowMemory = trained(base, MemoryMode.LOW_MEMORY);

        inView.modules()
                .get("fc")
                .forEach((factor, value) -> assertThat(
                                values(lowMemory.modules().get("fc").get(factor)))
                        .as(factor)
                        .containsExactly(values(value), offset(ofLayers ? 1e-6 : 0)));
    }
}
