/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Adapters that PEFT made compute here, in networks of Deeplearning4j, what PEFT computed with them. */
class PeftNetworkTest {

    /** The tolerance that the cases state. */
    private static final double ABSOLUTE = 1e-5;

    private static final double RELATIVE = 1e-4;

    /** A case: its files, its network, and the input as the network wants it. */
    private record Case(Path directory, Map<String, INDArray> io, ComputationGraph base, INDArray input) {}

    static List<Arguments> cases() {
        return List.of(
                of("lora-mlp-basic", PeftNetworkTest::mlp),
                of("lora-mlp-r1", PeftNetworkTest::mlp),
                of("lora-mlp-r8-alpha32", PeftNetworkTest::mlp),
                of("lora-mlp-rslora", PeftNetworkTest::mlp),
                of("lora-mlp-rank-pattern", PeftNetworkTest::mlp),
                of("lora-mlp-alpha-pattern", PeftNetworkTest::mlp),
                of("lora-mlp-bias-all", PeftNetworkTest::mlp),
                of("lora-mlp-bias-lora-only", PeftNetworkTest::mlp),
                of("lora-mlp-modules-to-save", PeftNetworkTest::mlp),
                of("lora-mlp-bias-all-modules-to-save", PeftNetworkTest::mlp),
                of("lora-mlp-stored-bf16", PeftNetworkTest::mlp),
                of("lora-mlp-lora-bias", PeftNetworkTest::mlp),
                of("dora-mlp", PeftNetworkTest::mlp),
                of("dora-mlp-rank-pattern", PeftNetworkTest::mlp),
                of("dora-mlp-bias-modules-to-save", PeftNetworkTest::mlp),
                of("ia3-mlp", PeftNetworkTest::mlp),
                of("loha-mlp-patterns", PeftNetworkTest::mlp),
                of("dora-embedding", PeftNetworkTest::embedding),
                of("lora-embedding", PeftNetworkTest::embedding),
                of("lora-embedding-and-linear", PeftNetworkTest::embedding),
                of("lora-conv2d-1x1", files -> convolutions(files, new int[] {1, 0})),
                of("lora-conv2d-3x3-1x1", files -> convolutions(files, new int[] {1, 1}, new int[] {1, 0})),
                of("lora-conv2d-stride-padding", files -> convolutions(files, new int[] {2, 1}, new int[] {1, 2})));
    }

    static Stream<Arguments> casesInBothModes() {
        return cases().stream()
                .flatMap(golden -> Stream.of(MemoryMode.values()).map(mode -> Arguments.of(golden.get()[0], mode)));
    }

    private record Files(Path directory, Map<String, INDArray> io, Map<String, INDArray> base) {}

    private static Arguments of(String name, Function<Files, Case> network) {
        Path directory = Path.of("../core/src/test/resources/peft", name);
        return Arguments.of(Named.of(name, (java.util.function.Supplier<Case>) () -> network.apply(new Files(
                directory,
                TensorFiles.read(directory.resolve("io.safetensors")),
                TensorFiles.read(directory.resolve("base.safetensors"))))));
    }

    private static NeuralNetConfiguration.Builder floats() {
        return new NeuralNetConfiguration.Builder().dataType(DataType.FLOAT).updater(new Sgd(0.1));
    }

    private static Case mlp(Files files) {
        var builder = floats().graphBuilder().addInputs("x");
        String below = "x";
        int layers = (int) files.base().keySet().stream()
                .filter(key -> key.endsWith(".weight"))
                .count();
        for (int i = 1; i <= layers; i++) {
            builder.addLayer("fc" + i, dense(files, "fc" + i, i < layers), below);
            below = "fc" + i;
        }
        return finished(
                files,
                new ComputationGraph(builder.setOutputs(below).build()),
                files.io().get("x"));
    }

    private static DenseLayer dense(Files files, String name, boolean rectified) {
        INDArray weight = files.base().get(name + ".weight");
        return new DenseLayer.Builder()
                .nIn(weight.size(1))
                .nOut(weight.size(0))
                .hasBias(files.base().containsKey(name + ".bias"))
                .activation(rectified ? Activation.RELU : Activation.IDENTITY)
                .build();
    }

    private static Case embedding(Files files) {
        INDArray table = files.base().get("embed.weight");
        var conf = floats().graphBuilder()
                .addInputs("ids")
                .addLayer(
                        "embed",
                        new EmbeddingSequenceLayer.Builder()
                                .nIn(table.size(0))
                                .nOut(table.size(1))
                                .outputDataFormat(RNNFormat.NCW)
                                .build(),
                        "ids")
                .addLayer("mean", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "embed")
                .addLayer("fc", dense(files, "fc", false), "mean")
                .setOutputs("fc")
                .build();
        return finished(files, new ComputationGraph(conf), files.io().get("ids").castTo(DataType.FLOAT));
    }

    private static Case convolutions(Files files, int[]... geometry) {
        INDArray x = files.io().get("x");
        var builder = floats().graphBuilder().addInputs("x");
        String below = "x";
        for (int i = 0; i < geometry.length; i++) {
            String name = "conv" + (i + 1);
            INDArray weight = files.base().get(name + ".weight");
            builder.addLayer(
                    name,
                    new ConvolutionLayer.Builder((int) weight.size(2), (int) weight.size(3))
                            .nIn(weight.size(1))
                            .nOut(weight.size(0))
                            .stride(geometry[i][0], geometry[i][0])
                            .padding(geometry[i][1], geometry[i][1])
                            .activation(Activation.IDENTITY)
                            .build(),
                    below);
            builder.addLayer(name + "-relu", new ActivationLayer(Activation.RELU), name);
            below = name + "-relu";
        }
        builder.addLayer("mean", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), below)
                .addLayer("fc", dense(files, "fc", false), "mean")
                .setOutputs("fc")
                .setInputTypes(InputType.convolutional(x.size(2), x.size(3), x.size(1)));
        return finished(files, new ComputationGraph(builder.build()), x);
    }

    private static Case finished(Files files, ComputationGraph network, INDArray input) {
        network.init();
        files.base().forEach((path, tensor) -> {
            String layer = path.substring(0, path.lastIndexOf('.'));
            boolean bias = path.endsWith(".bias");
            INDArray own = network.getLayer(layer).getParam(bias ? "b" : "W");
            boolean swapped = !bias && tensor.rank() == 2 && !layer.equals("embed");
            own.assign(swapped ? tensor.permute(1, 0) : tensor);
        });
        return new Case(files.directory(), files.io(), network, input);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("casesInBothModes")
    void load_givesPeftsOutputs(java.util.function.Supplier<Case> supplier, MemoryMode mode) throws IOException {
        Case golden = supplier.get();

        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.saved(AdaptedNetwork.of(golden.base(), mode), golden.directory());

        assertClose(model.network().output(golden.input())[0], golden.io().get("y_adapter"));
        model.disable();
        assertClose(model.network().output(golden.input())[0], golden.io().get("y_base"));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("casesInBothModes")
    void mergeAndUnload_givesPeftsWeights(java.util.function.Supplier<Case> supplier, MemoryMode mode)
            throws IOException {
        Case golden = supplier.get();
        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.saved(AdaptedNetwork.of(golden.base(), mode), golden.directory());

        ComputationGraph merged = model.mergeAndUnload();

        assertClose(merged.output(golden.input())[0], golden.io().get("y_merged"));
        int compared = 0;
        for (NetworkParameter parameter : model.networkModules().parameters()) {
            INDArray expected = golden.io().get("merged." + parameter.path());
            if (expected != null) {
                INDArray found = merged.getLayer(parameter.layer()).getParam(parameter.name());
                assertClose(parameter.toPeft(found), expected);
                compared++;
            }
        }
        assertThat(compared).isPositive();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("casesInBothModes")
    void gradients_arePefts(java.util.function.Supplier<Case> supplier, MemoryMode mode) throws IOException {
        Case golden = supplier.get();
        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.saved(AdaptedNetwork.of(golden.base(), mode), golden.directory());
        model.setTrainable("default", true);
        ComputationGraph network = model.network();
        network.feedForward(new INDArray[] {golden.input()}, true, false);

        // The cases' loss is the sum of squares.
        Gradient gradient =
                network.backpropGradient(golden.io().get("y_adapter").mul(2));

        int compared = 0;
        for (NetworkModule module : model.modules()) {
            Map<String, String> names = Map.of(
                    "ia3_l", "WL0",
                    "hada_w1_a", "WFa0",
                    "hada_w1_b", "WFb0",
                    "hada_w2_a", "WGa0",
                    "hada_w2_b", "WGb0",
                    "lora_A", "WA0",
                    "lora_B", "WB0",
                    "lora_embedding_A", "WA0",
                    "lora_embedding_B", "WB0",
                    "lora_magnitude_vector", "WM0");
            for (Map.Entry<String, String> name : names.entrySet()) {
                String key = "grad.base_model.model." + module.path() + "." + name.getKey();
                INDArray expected =
                        golden.io().getOrDefault(key + ".weight", golden.io().get(key));
                if (expected != null) {
                    assertClose(gradient.gradientForVariable().get(module.layer() + "_" + name.getValue()), expected);
                    compared++;
                }
            }
        }
        assertThat(compared).isPositive();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void adapter_savedAndLoadedAgain_isTheFile(java.util.function.Supplier<Case> supplier, @TempDir Path folder)
            throws IOException {
        Case golden = supplier.get();
        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.saved(AdaptedNetwork.of(golden.base()), golden.directory());

        model.adapter("default").save(folder.resolve("adapter"));

        assertThat(Adapter.load(folder.resolve("adapter"))).isEqualTo(Adapter.load(golden.directory()));
    }

    /** Through DL4J's own training: its loss and its updater. */
    @Test
    void fit_withSgd_takesPeftsSteps() throws IOException {
        Path directory = Path.of("../core/src/test/resources/peft/train-mlp-sgd");
        Map<String, INDArray> io = TensorFiles.read(directory.resolve("io.safetensors"));
        Map<String, INDArray> base = TensorFiles.read(directory.resolve("base.safetensors"));
        Files files = new Files(directory, io, base);
        ComputationGraph graph = new ComputationGraph(floats().graphBuilder()
                .addInputs("x")
                .addLayer("fc1", dense(files, "fc1", true), "x")
                .addLayer("fc2", dense(files, "fc2", true), "fc1")
                .addLayer(
                        "fc3",
                        new OutputLayer.Builder(LossFunction.MSE)
                                .nIn(base.get("fc3.weight").size(1))
                                .nOut(base.get("fc3.weight").size(0))
                                .activation(Activation.IDENTITY)
                                .build(),
                        "fc2")
                .setOutputs("fc3")
                .build());
        Case golden = finished(files, graph, io.get("x"));
        AdaptedNetwork<ComputationGraph> model = DefaultAdapter.saved(AdaptedNetwork.of(golden.base()), directory);
        model.setTrainable("default", true);
        start(model, io);

        for (int step = 1; step <= 3; step++) {
            model.network().fit(new INDArray[] {io.get("x")}, new INDArray[] {io.get("target")});

            assertThat(model.network().score()).isCloseTo(io.get("losses").getDouble(step - 1), offset(ABSOLUTE));
            String prefix = "step" + step + ".base_model.model.";
            Map<String, Map<String, INDArray>> factors =
                    model.adapter("default").modules();
            for (String module : List.of("fc1", "fc2", "fc3")) {
                for (String suffix : List.of("lora_A.weight", "lora_B.weight")) {
                    assertClose(factors.get(module).get(suffix), io.get(prefix + module + "." + suffix));
                }
            }
        }
    }

    private static void start(AdaptedNetwork<ComputationGraph> model, Map<String, INDArray> io) {
        for (String module : List.of("fc1", "fc2", "fc3")) {
            String key = "start.base_model.model." + module;
            model.network().getParam(module + "_WA0").assign(io.get(key + ".lora_A.weight"));
            model.network().getParam(module + "_WB0").assign(io.get(key + ".lora_B.weight"));
        }
    }

    @Test
    void load_ofAnAdapterForAnotherBase_namesTheDirectoryAndWhatDiffers() {
        Path foreign = Path.of("../core/src/test/resources/peft/lora-mlp-basic");

        assertThatThrownBy(() -> DefaultAdapter.saved(AdaptedNetwork.of(Networks.graph()), foreign))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("lora-mlp-basic")
                .hasMessageContaining("module \"fc1\" of the adapter is not in the network")
                .hasMessageContaining("module \"enc.fc1\" is adapted by the config, but the adapter has no tensors");
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        double[] a = Networks.values(found.castTo(DataType.DOUBLE));
        double[] b = Networks.values(expected.castTo(DataType.DOUBLE));
        for (int i = 0; i < a.length; i++) {
            assertThat(Math.abs(a[i] - b[i]))
                    .as("element " + i)
                    .isLessThanOrEqualTo(ABSOLUTE + RELATIVE * Math.abs(b[i]));
        }
    }
}
