/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a list of modules says of large networks, and of those that others have frozen. */
class ModuleListsTest {

    /** As many layers as a DenseNet has: convolutions and a normalization of each. */
    private static ComputationGraph deep(int blocks) {
        ComputationGraphConfiguration.GraphBuilder builder =
                new NeuralNetConfiguration.Builder().graphBuilder().addInputs("in");
        String below = "in";
        for (int i = 0; i < blocks; i++) {
            builder.addLayer(
                            "block" + i + "_conv",
                            new ConvolutionLayer.Builder(1, 1).nOut(2).build(),
                            below)
                    .addLayer("block" + i + "_bn", new BatchNormalization(), "block" + i + "_conv");
            below = "block" + i + "_bn";
        }
        ComputationGraph network = new ComputationGraph(builder.addLayer("pool", new GlobalPoolingLayer(), below)
                .addLayer(
                        "fc",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(2)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "pool")
                .setOutputs("fc")
                .setInputTypes(InputType.convolutional(2, 2, 2))
                .build());
        network.init();
        return network;
    }

    @Test
    void reasonOfManyLayers_isListedOnce_andAllOfThemAreValues() {
        NetworkModules modules = NetworkModules.find(deep(120));

        assertThat(modules.toString())
                .hasSizeLessThan(12_000)
                .contains("block119_conv: convolution [2, 2, 1, 1] (ConvolutionLayer,")
                .contains("not adaptable: block0_bn, block1_bn,")
                .contains(" and 110 more: layers of kind BatchNormalization have no adapters\n")
                .contains("Kinds of layers with adapters: DenseLayer,")
                .endsWith("of vertices: AttentionVertex")
                .containsOnlyOnce("BatchNormalization")
                .containsOnlyOnce("LocallyConnected2D");
        assertThat(modules.notAdaptable())
                .hasSize(120)
                .containsEntry("block77_bn", "layers of kind BatchNormalization have no adapters");
    }

    @Test
    void targetsThatCannotBeAdapted_areRefusedInAShortMessageThatNamesTheKinds() {
        String[] targets = new String[120];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = "block" + i + "_bn";
        }
        LoraConfig config = LoraConfig.builder().targetModules(targets).build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(deep(120)), config, 3))
                .hasMessageContaining(
                        "\"block3_bn\" cannot be adapted, layers of kind BatchNormalization have no adapters")
                .hasMessageContaining("Kinds of layers with adapters: DenseLayer")
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(4096));
    }

    private static FineTuneConfiguration tuning() {
        return new FineTuneConfiguration.Builder()
                .updater(new Adam(0.01))
                .seed(1)
                .build();
    }

    @Test
    void frozenNetwork_isRefusedWithTheWayToUnfreezeIt_whichWorks() {
        MultiLayerNetwork base = Networks.mlp();
        MultiLayerNetwork frozen = new TransferLearning.Builder(base)
                .fineTuneConfiguration(tuning())
                .setFeatureExtractor(1)
                .build();
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("fc1").build();
        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(frozen), config, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"fc1\" is a FrozenLayer")
                .hasMessageContaining("layer \"fc2\" is a FrozenLayer")
                .hasMessageContaining(
                        "unfrozen by a new one of its configuration with the layers that are inside of them"
                                + " (getLayer()) in their places, and init(network.params(), true)");

        MultiLayerConfiguration conf = frozen.getLayerWiseConfigurations().clone();
        for (NeuralNetConfiguration layer : conf.getConfs()) {
            if (layer.getLayer() instanceof FrozenLayer wrapper) {
                layer.setLayer(wrapper.getLayer());
                layer.clearVariables();
            }
        }
        MultiLayerNetwork thawed = new MultiLayerNetwork(conf);
        thawed.init(frozen.params(), true);

        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(thawed), config, 3);
        assertThat(values(model.network().output(normal(3, 4))))
                .containsExactly(values(base.output(normal(3, 4))), offset(1e-12));
        model.network().fit(normal(3, 4), Networks.classes(3, 3));
        assertThat(values(model.network().output(normal(3, 4)))).isNotEqualTo(values(base.output(normal(3, 4))));
    }

    @Test
    void frozenGraph_isRefusedWithTheSameWay() {
        ComputationGraph frozen = new TransferLearning.GraphBuilder(Networks.graph())
                .fineTuneConfiguration(tuning())
                .setFeatureExtractor("sum")
                .build();

        assertThatThrownBy(() -> NetworkModules.find(frozen))
                .hasMessageContaining("layer \"enc.fc1\" is a FrozenLayer")
                .hasMessageContaining("init(network.params(), true); see docs/dl4j.md#unfreeze-a-network");
    }
}
