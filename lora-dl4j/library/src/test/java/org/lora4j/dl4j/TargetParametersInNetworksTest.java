/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Weights of modules that are adapted as parameters; {@link TargetParametersContractTest} has the rest. */
class TargetParametersInNetworksTest {

    private static final INDArray X = Networks.normal(5, 4);

    private static LoraConfig.Builder parameters(String... names) {
        return LoraConfig.builder().rank(2).alpha(6).targetParameters(names).initialization(Initialization.RANDOM);
    }

    private static double[] output(AdaptedNetwork<MultiLayerNetwork> model) {
        return values(model.network().output(X));
    }

    @Test
    void weightNamedAsAParameter_isAdaptedAsItsModuleIs() {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Networks.mlp());
        model.addAdapter("parameter", parameters("fc2.weight").build(), 1);
        Map<String, Map<String, INDArray>> factors = model.adapter("parameter").modules();
        LoraConfig module =
                LoraConfig.builder().rank(2).alpha(6).targetModules("fc2").build();

        model.addAdapter("module", Adapter.of(module, factors, Map.of()));
        model.activate("parameter");
        double[] asParameter = output(model);
        model.network().fit(X, Networks.classes(5, 3));
        model.activate("module");

        assertThat(factors).containsOnlyKeys("fc2");
        assertThat(factors.get("fc2")).containsOnlyKeys("lora_A.weight", "lora_B.weight");
        assertThat(output(model))
                .isEqualTo(asParameter)
                .isNotEqualTo(values(Networks.mlp().output(X)));
        assertThat(model.adapter("parameter").modules()).isNotEqualTo(factors);
    }

    @Test
    void patterns_countByThePathOfTheParameter_andItsBiasIsNotThatOfAnAdaptedModule() {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Networks.mlp());
        model.addAdapter(
                "a",
                parameters("fc1.weight", "fc2.weight")
                        .rankPattern(Map.of("fc2.weight", 3))
                        .bias(BiasTraining.ADAPTED_ONLY)
                        .build(),
                1);

        Adapter adapter = model.adapter("a");

        assertThat(adapter.modules().get("fc1").get("lora_A.weight").shape()).containsExactly(2, 4);
        assertThat(adapter.modules().get("fc2").get("lora_A.weight").shape()).containsExactly(3, 6);
        assertThat(adapter.savedParameters()).isEmpty();
        model.addAdapter("again", adapter);
        assertThat(model.adapter("again")).isEqualTo(adapter);
    }

    @Test
    void factorsAndOutput_areThoseOfTheSameGraphInSameDiff() {
        MultiLayerNetwork network = Networks.mlp();
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable h = x;
        for (int i = 1; i <= 2; i++) {
            SDVariable w = graph.var(
                    "fc" + i + ".weight",
                    network.getParam(i - 1 + "_W").transpose().dup('c'));
            SDVariable b =
                    graph.var("fc" + i + ".bias", network.getParam(i - 1 + "_b").reshape(-1));
            h = graph.math().tanh(graph.mmul(h, w, false, true, false).add(b));
        }
        SDVariable head =
                graph.var("head.weight", network.getParam("2_W").transpose().dup('c'));
        graph.nn().softmax("y", graph.mmul(h, head, false, true, false), 1);
        LoraConfig config = parameters("fc1.weight", "fc2.weight").build();

        var inGraph = Lora.inject(graph, config, 7);
        var inNetwork = Lora.inject(network, config, 7);

        assertThat(inNetwork.adapter("default").modules())
                .isEqualTo(inGraph.adapter("default").modules());
        assertThat(output(inNetwork))
                .containsExactly(values(inGraph.output(Map.of("x", X), "y").get("y")), offset(1e-12));
    }

    @Test
    void weightsOfRecurrentAndLocallyConnectedLayers_areNamedByTheirModules(@TempDir Path folder) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> series =
                Lora.inject(Networks.recurrent(), parameters("lstm.RW.weight").build(), 1);
        MultiLayerNetwork local = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH)
                .list()
                .layer(new LocallyConnected1D.Builder()
                        .name("local")
                        .nOut(3)
                        .kernelSize(2)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MSE).nOut(2).build())
                .setInputType(InputType.recurrent(4, 5))
                .build());
        local.init();
        AdaptedNetwork<MultiLayerNetwork> stacked =
                Lora.inject(local, parameters("local.weight").build(), 1);

        series.adapter("default").save(folder.resolve("series"));
        stacked.adapter("default").save(folder.resolve("stacked"));

        INDArray steps = Networks.normal(2, 3, 5);
        assertThat(series.adapter("default").modules()).containsOnlyKeys("lstm.RW");
        assertThat(values(Lora.load(Networks.recurrent(), folder.resolve("series"))
                        .network()
                        .output(steps)))
                .isEqualTo(values(series.network().output(steps)))
                .isNotEqualTo(values(Networks.recurrent().output(steps)));
        INDArray windows = Networks.normal(2, 4, 5);
        double[] attached = values(stacked.network().output(windows));
        assertThat(values(Lora.load(local, folder.resolve("stacked")).network().output(windows)))
                .isEqualTo(attached);
        assertThat(values(stacked.mergeAndUnload().output(windows))).containsExactly(attached, offset(1e-12));
    }

    @Test
    void allLinearBesideAParameter_isWrittenWithoutIt(@TempDir Path folder) throws IOException {
        LoraConfig config = parameters("head.weight")
                .targetModules(ModuleSelector.allLinear())
                .build();
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(Networks.mlp(), config, 1);

        model.adapter("default").save(folder.resolve("a"));
        AdaptedNetwork<MultiLayerNetwork> again = Lora.load(Networks.mlp(), folder.resolve("a"));

        assertThat(model.adapter("default").modules()).containsOnlyKeys("fc1", "fc2", "head");
        assertThat(output(again)).isEqualTo(output(model));
    }

    @Test
    void whatCannotBe_isRefusedByNameWithTheReason() {
        assertThatThrownBy(() -> Lora.inject(
                        Networks.mlp(),
                        parameters("fc1.bias", "fc2.weight", "fc3.weight")
                                .targetModules("fc2")
                                .build(),
                        1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("targetParameters \"fc3.weight\" matches no parameter; closest")
                .hasMessageContaining("\"fc1.bias\" is no weight of a module that can be adapted, expected one")
                .hasMessageContaining("\"fc2\" is adapted through targetModules and through targetParameters"
                        + " (\"fc2.weight\"), expected one of them");
        assertThatThrownBy(() -> Lora.inject(
                        Networks.normalized(),
                        parameters("conv.weight", "bn.weight").build(),
                        1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("\"conv.weight\" has shape [3, 2, 3, 3] of a convolution, expected a matrix")
                .hasMessageContaining("\"bn.weight\" is no weight of a module that can be adapted (layers of kind"
                        + " BatchNormalization have no adapters)");
    }

    @Test
    void tableNamedAsAParameter_isAMatrixAsInSameDiffAndInFiles(@TempDir Path folder) throws IOException {
        MultiLayerNetwork network = table();
        SameDiff graph = SameDiff.create();
        SDVariable table = graph.var("embed.weight", network.getParam("0_W").dup('c'));
        graph.gather("y", table, graph.placeHolder("ids", DataType.INT32, -1), 0);
        LoraConfig config = parameters("embed.weight").build();
        INDArray ids = Nd4j.createFromArray(new double[][] {{2}, {0}, {5}});

        var inGraph = Lora.inject(graph, config, 7);
        var inNetwork = Lora.inject(network, config, 7);
        inNetwork.adapter("default").save(folder.resolve("a"));
        INDArray attached = inNetwork.network().feedForward(ids).get(1);
        INDArray merged = WeightMerge.merged(
                        ModelWeights.of(Map.of("embed.weight", network.getParam("0_W"))),
                        List.of(Adapter.load(folder.resolve("a"))))
                .get("embed.weight");

        assertThat(inNetwork.adapter("default").modules())
                .isEqualTo(inGraph.adapter("default").modules());
        assertThat(inNetwork
                        .adapter("default")
                        .modules()
                        .get("embed")
                        .get("lora_B.weight")
                        .shape())
                .containsExactly(6, 2);
        assertThat(values(attached))
                .containsExactly(
                        values(inGraph.output(Map.of("ids", Nd4j.createFromArray(2, 0, 5)), "y")
                                .get("y")),
                        offset(1e-12));
        assertThat(values(Lora.load(table(), folder.resolve("a")).network().output(ids)))
                .isEqualTo(values(inNetwork.network().output(ids)));
        assertThat(values(inNetwork.mergeAndUnload().getParam("0_W"))).containsExactly(values(merged), offset(1e-12));
        INDArray before = inNetwork.adapter("default").modules().get("embed").get("lora_A.weight");
        inNetwork.network().fit(ids, Networks.normal(3, 3));
        assertThat(inNetwork.adapter("default").modules().get("embed").get("lora_A.weight"))
                .isNotEqualTo(before);
    }

    private static MultiLayerNetwork table() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new EmbeddingLayer.Builder().name("embed").nIn(6).nOut(4).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(4).nOut(3).build())
                .build());
        network.init();
        return network;
    }

    @Test
    void load_ofFactorsThatNoWeightTakes_isRefusedByName() {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Networks.mlp());
        INDArray a = Networks.normal(2, 4);
        Adapter nested = Adapter.of(
                parameters("fc1.weight").build(),
                Map.of("fc1.base_layer", Map.of("lora_A.weight", a, "lora_B.weight", Networks.normal(6, 2))),
                Map.of());
        Adapter wrong = Adapter.of(
                parameters("fc1.weight").build(),
                Map.of("fc1", Map.of("lora_A.weight", a, "lora_B.weight", Networks.normal(5, 2))),
                Map.of());

        assertThatThrownBy(() -> model.addAdapter("a", nested))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"fc1.base_layer\" of the adapter is not in the network")
                .hasMessageContaining("module \"fc1\" is adapted by the config, but the adapter has no tensors for it");
        assertThatThrownBy(() -> model.addAdapter("a", wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lora_B.weight has shape [5, 2]; expected [6, 2]");
        assertThat(model.adapterNames()).isEmpty();
    }
}
