/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.model.AdaptedModel;
import org.lora4j.quant.Quantization;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** An adapter that comes to another base of the same shapes, in every host. */
class AnotherBaseTest {

    private static final LoraConfig FC =
            LoraConfig.builder().rank(2).targetModules("fc").build();
    private static final LoraConfig WITH_HEAD =
            FC.toBuilder().modulesToSave("head").build();

    @TempDir
    Path folder;

    /** The weights of a base: fc of 64 inputs and 64 outputs, head of 3 outputs. */
    private record Weights(INDArray fc, INDArray bias, INDArray head) {

        static Weights of(long seed) {
            return new Weights(random(seed, 64, 64), random(seed + 1, 64), random(seed + 2, 64, 3));
        }

        Weights with(Consumer<Weights> change) {
            Weights copy = new Weights(fc.dup(), bias.dup(), head.dup());
            change.accept(copy);
            return copy;
        }
    }

    private static INDArray random(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble() - 0.5);
        }
        return array;
    }

    private static SameDiff graph(Weights weights, DataType type) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, 64);
        SDVariable fc = graph.var("fc.weight", weights.fc().castTo(type).dup());
        SDVariable bias = graph.var("fc.bias", weights.bias().castTo(type).dup());
        SDVariable head = graph.var("head.weight", weights.head().castTo(type).dup());
        graph.math().tanh(x.mmul(fc).add(bias)).mmul("logits", head);
        return graph;
    }

    private static MultiLayerNetwork network(Weights weights) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(64).nOut(64).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .name("head")
                        .nIn(64)
                        .nOut(3)
                        .hasBias(false)
                        .build())
                .build());
        network.init();
        network.getLayer(0).setParam("W", weights.fc());
        network.getLayer(0).setParam("b", weights.bias().reshape(1, 64));
        network.getLayer(1).setParam("W", weights.head());
        return network;
    }

    /** A kind of host over a base. */
    private enum Host {
        GRAPH {
            @Override
            AdaptedModel over(Weights weights) {
                return AdaptedSameDiff.of(graph(weights, DataType.FLOAT));
            }
        },
        GRAPH_IN_DOUBLE_PRECISION {
            @Override
            AdaptedModel over(Weights weights) {
                return AdaptedSameDiff.of(graph(weights, DataType.DOUBLE));
            }
        },
        NETWORK {
            @Override
            AdaptedModel over(Weights weights) {
                return AdaptedNetwork.of(network(weights), MemoryMode.IN_VIEW);
            }
        },
        NETWORK_IN_LOW_MEMORY {
            @Override
            AdaptedModel over(Weights weights) {
                return AdaptedNetwork.of(network(weights), MemoryMode.LOW_MEMORY);
            }
        };

        abstract AdaptedModel over(Weights weights);
    }

    static Stream<Host> hosts() {
        return Stream.of(Host.values());
    }

    private static Adapter trainedOn(Host host, Weights weights, LoraConfig config) {
        AdaptedModel model = host.over(weights);
        model.addAdapter("a", config, 1);
        return model.adapter("a");
    }

    private Adapter savedAndLoaded(Adapter adapter) throws IOException {
        adapter.save(folder.resolve("adapter"));
        return Adapter.load(folder.resolve("adapter"));
    }

    @ParameterizedTest
    @MethodSource("hosts")
    void addAdapter_ofAnotherBase_isRefused_unlessItIsWantedByName(Host host) throws IOException {
        Adapter adapter = savedAndLoaded(trainedOn(host, Weights.of(1), FC));
        AdaptedModel other = host.over(Weights.of(1).with(w -> w.fc().putScalar(5, 7, 0.25)));

        assertThatThrownBy(() -> other.addAdapter("a", adapter))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("adapter \"a\": 1 of 3 parameters", "\"fc.weight\"", "forAnyBase()");
        assertThat(other.adapterNames()).isEmpty();

        other.addAdapter("a", adapter.forAnyBase());
        assertThat(other.adapter("a")).isEqualTo(adapter);
    }

    @ParameterizedTest
    @MethodSource("hosts")
    void addAdapter_ofTheSameWeights_isTaken_whateverTheHost(Host host) throws IOException {
        Adapter adapter = savedAndLoaded(trainedOn(host, Weights.of(1), FC));
        assertThat(adapter.baseHashes()).hasSize(3);

        for (Host other : Host.values()) {
            assertThatCode(() -> other.over(Weights.of(1)).addAdapter("a", adapter))
                    .as(other.name())
                    .doesNotThrowAnyException();
            assertThatThrownBy(() -> other.over(Weights.of(9)).addAdapter("a", adapter))
                    .as(other.name())
                    .hasMessageContaining("3 of 3 parameters");
        }
    }

    @ParameterizedTest
    @MethodSource("hosts")
    void adapter_whileAnotherIsMerged_hasTheHashesOfTheBase(Host host) {
        AdaptedModel model = host.over(Weights.of(1));
        model.addAdapter("a", FC, 1);
        Map<String, String> before = model.adapter("a").baseHashes();
        model.activate("a");
        model.merge();

        assertThat(model.adapter("a").baseHashes()).isEqualTo(before);
        assertThat(trainedOn(host, Weights.of(1), FC).baseHashes()).isEqualTo(before);
    }

    /** The usual way to a classifier: a base with a head that is drawn anew each time, and an adapter that brings its own. */
    @ParameterizedTest
    @MethodSource("hosts")
    void addAdapter_thatBringsItsHead_doesNotMindTheHeadOfTheBase(Host host) throws IOException {
        Adapter adapter = savedAndLoaded(trainedOn(host, Weights.of(1), WITH_HEAD));
        Weights anotherHead = Weights.of(1).with(w -> w.head().addi(1));

        assertThatCode(() -> host.over(anotherHead).addAdapter("a", adapter)).doesNotThrowAnyException();
        assertThatThrownBy(() -> host.over(anotherHead).addAdapter("a", trainedOn(host, Weights.of(1), FC)))
                .hasMessageContaining("\"head.weight\"");
    }

    @ParameterizedTest
    @MethodSource("hosts")
    void addAdapter_ofPeft_isTakenByAnyBase(Host host) {
        Adapter plain = trainedOn(host, Weights.of(1), FC).forAnyBase();

        assertThatCode(() -> host.over(Weights.of(9)).addAdapter("a", plain)).doesNotThrowAnyException();
    }

    @Test
    void load_throughTheFrontDoor_namesTheDirectory() throws IOException {
        trainedOn(Host.GRAPH, Weights.of(1), FC).save(folder);

        assertThatThrownBy(() -> Lora.load(graph(Weights.of(2), DataType.FLOAT), folder))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageStartingWith(folder + ": adapter \"default\": 3 of 3 parameters");
        assertThatThrownBy(() -> Lora.load(network(Weights.of(2)), folder))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageStartingWith(folder + ": adapter \"default\": 3 of 3 parameters");
        Lora.load(graph(Weights.of(1), DataType.FLOAT), folder);
    }

    @Test
    void servers_refuseAnAdapterOfAnotherBase() {
        Adapter adapter = trainedOn(Host.GRAPH, Weights.of(1), FC);
        Map<String, INDArray> example = Map.of("x", random(4, 3, 64));
        AdapterServer ofGraph = AdapterServer.builder(graph(Weights.of(2), DataType.FLOAT))
                .outputs("logits")
                .example(example)
                .build();
        AdapterServer ofNetwork = AdapterServer.builder(network(Weights.of(2)))
                .example(Map.of("input", random(4, 3, 64)))
                .build();

        for (AdapterServer server : List.of(ofGraph, ofNetwork)) {
            assertThatThrownBy(() -> server.register("a", adapter)).hasMessageContaining("3 of 3 parameters");
            assertThatCode(() -> server.register("a", adapter.forAnyBase())).doesNotThrowAnyException();
        }
    }

    @Test
    void weightsWithoutANetwork_refuseAnAdapterOfAnotherBase() throws IOException {
        Adapter adapter = trainedOn(Host.GRAPH, Weights.of(1), FC);

        assertThat(WeightMerge.merged(plain(Weights.of(1)), List.of(adapter))).containsOnlyKeys("fc.weight");
        assertThatThrownBy(() -> WeightMerge.merged(plain(Weights.of(2)), List.of(adapter)))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContainingAll("1 of 1 parameters", "\"fc.weight\"");
        assertThat(WeightMerge.merged(plain(Weights.of(2)), List.of(adapter.forAnyBase())))
                .containsOnlyKeys("fc.weight");
    }

    /** As PyTorch has them: the inputs last. */
    private static ModelWeights plain(Weights weights) {
        return ModelWeights.of(Map.of(
                "fc.weight", weights.fc().transpose().dup('c'),
                "fc.bias", weights.bias(),
                "head.weight", weights.head().transpose().dup('c')));
    }

    @Test
    void quantizedBase_isTheSameBase_asFarAsItIsKept() {
        SameDiff quantized = Quantization.int8()
                .apply(graph(Weights.of(1), DataType.FLOAT), "fc.weight"::equals)
                .graph();
        SameDiff another = Quantization.int8()
                .apply(graph(Weights.of(9), DataType.FLOAT), "fc.weight"::equals)
                .graph();
        AdaptedSameDiff model = AdaptedSameDiff.of(quantized);
        model.addAdapter("a", FC, 1);
        Adapter adapter = model.adapter("a");

        assertThat(adapter.baseHashes()).containsOnlyKeys("fc.bias", "head.weight");
        assertThatCode(() -> Host.GRAPH.over(Weights.of(1)).addAdapter("a", adapter))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> AdaptedSameDiff.of(another).addAdapter("a", adapter))
                .hasMessageContaining("2 of 2 parameters");
    }

    @Test
    void computedAdapters_keepWhatTheirSourcesAgreeOn() {
        Adapter one = trainedOn(Host.GRAPH, Weights.of(1), FC);
        Adapter same = trainedOn(Host.GRAPH, Weights.of(1), FC);
        Adapter other = trainedOn(Host.GRAPH, Weights.of(1).with(w -> w.fc().addi(1)), FC);

        assertThat(combined(one, same).baseHashes()).isEqualTo(one.baseHashes());
        assertThat(combined(one, other).baseHashes()).containsOnlyKeys("fc.bias", "head.weight");
        assertThat(combined(one, same.forAnyBase()).baseHashes()).isEqualTo(one.baseHashes());
        assertThat(AdapterAlgebra.rescale(one, 2).baseHashes()).isEqualTo(one.baseHashes());
        assertThat(AdapterAlgebra.reduceRank(one, 1).adapter().baseHashes()).isEqualTo(one.baseHashes());
    }

    private static Adapter combined(Adapter one, Adapter other) {
        return Combine.of(one, other)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.CAT)
                .combine();
    }

    @Test
    void save_putsTheHashesBesideTheTensors_andNotIntoTheConfig() throws IOException {
        trainedOn(Host.GRAPH, Weights.of(1), FC).save(folder);

        try (SafetensorsReader reader = SafetensorsReader.open(folder.resolve("adapter_model.safetensors"))) {
            assertThat(reader.metadata())
                    .containsEntry("format", "pt")
                    .containsKeys("lora4j.base_sha256/fc.weight", "lora4j.base_sha256/head.weight");
        }
        assertThat(folder.resolve("adapter_config.json")).content().doesNotContain("sha256");
    }

    /** By {@code sha256sum} of the values 0, 1, 2, 3 in single precision, little endian: its first 16 bytes. */
    @Test
    void hash_isThatOfTheValuesRowByRow() {
        INDArray columnByColumn = Nd4j.createFromArray(new float[] {0, 2, 1, 3}).reshape('f', 2, 2);
        INDArray inDoublePrecision = Nd4j.createFromArray(new double[][] {{0, 1}, {2, 3}});
        INDArray rounded = inDoublePrecision.castTo(DataType.FLOAT16);

        assertThat(new BaseHashes(Map.of("f", () -> columnByColumn, "d", () -> inDoublePrecision, "h", () -> rounded))
                        .byPath())
                .isEqualTo(Map.of("f", "4c9c4f354e74153db012329d71c8562e", "d", "4c9c4f354e74153db012329d71c8562e"));
    }
}
