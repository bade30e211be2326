/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.Lora;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Files with every kind of adapted layer that earlier versions wrote: they open and give the numbers that they gave then.
 * {@link #main} wrote them.
 */
@SuppressWarnings("deprecation") // GravesLSTM is, and saved networks have it.
class SavedBeforeTest {

    /** Another processor may add up in another order. */
    private static final double ROUNDING = 1e-9;

    private static final Path FILES = Path.of("src", "test", "resources", "networks");

    /** A number for each output of the graph: see {@link #mixed}. */
    private static final Map<String, Double> EXPECTED = Map.ofEntries(
            Map.entry("dense", -1.054841622325018),
            Map.entry("normal", -1.054836348156463),
            Map.entry("output", 0.388125082833606),
            Map.entry("center", -0.04772346999085675),
            Map.entry("table", 2.851433227893579),
            Map.entry("tables", 2.052043386018079),
            Map.entry("lstm", -0.260358949700052),
            Map.entry("graves", 1.0577208112121834),
            Map.entry("rnn", -3.6987609689226306),
            Map.entry("both", 0.2427533775604474),
            Map.entry("last", 0.8984532866209404),
            Map.entry("tags", -1.7682898700823495),
            Map.entry("attention", 6.028596576681957),
            Map.entry("recurrent", 0.9503132470732272),
            Map.entry("conv1d", -0.12754050963093877),
            Map.entry("local1d", 2.1148534335820504),
            Map.entry("conv2d", 0.04912325923446001),
            Map.entry("deconv", -2.2634879472341956),
            Map.entry("depth", -5.21508554922871),
            Map.entry("separable", 3.0923325665053296),
            Map.entry("local2d", 0.8854620357901202),
            Map.entry("conv3d", 2.390985019878913),
            Map.entry("vertex", -3.654077886517675));

    /** The parameters of the trained network after one more step. */
    private static final double TRAINED_ON = -1.9506560764453797;

    private static NeuralNetConfiguration.Builder base() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.03))
                .activation(Activation.TANH);
    }

    private static final class Kinds {

        private final GraphBuilder builder =
                base().graphBuilder().addInputs("flat", "series", "image", "volume", "word", "words");
        private final List<String> outputs = new ArrayList<>();

        private Kinds add(String name, Layer layer, String input) {
            builder.addLayer(name, layer, input);
            outputs.add(name);
            return this;
        }

        private ComputationGraph network() {
            builder.addVertex(
                    "vertex",
                    new AttentionVertex.Builder()
                            .nInQueries(3)
                            .nInKeys(3)
                            .nInValues(3)
                            .nOut(2)
                            .nHeads(1)
                            .headSize(2)
                            .projectInput(true)
                            .build(),
                    "lstm",
                    "graves",
                    "rnn");
            outputs.add("vertex");
            ComputationGraph network = new ComputationGraph(builder.setOutputs(outputs.toArray(String[]::new))
                    .setInputTypes(
                            InputType.feedForward(3),
                            InputType.recurrent(2, 4),
                            InputType.convolutional(4, 4, 2),
                            InputType.convolutional3D(3, 3, 3, 1),
                            InputType.feedForward(5),
                            InputType.recurrent(5, 4))
                    .build());
            network.init();
            return network;
        }
    }

    private static ComputationGraph kinds() {
        return new Kinds()
                .add("dense", new DenseLayer.Builder().nOut(4).build(), "flat")
                .add("normal", new BatchNormalization.Builder().build(), "dense")
                .add(
                        "output",
                        new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build(),
                        "normal")
                .add(
                        "center",
                        new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "normal")
                .add("table", new EmbeddingLayer.Builder().nIn(5).nOut(2).build(), "word")
                .add(
                        "tables",
                        new EmbeddingSequenceLayer.Builder()
                                .nIn(5)
                                .nOut(2)
                                .inputLength(4)
                                .build(),
                        "words")
                .add("lstm", new LSTM.Builder().nOut(3).build(), "series")
                .add("graves", new GravesLSTM.Builder().nOut(3).build(), "series")
                .add("rnn", new SimpleRnn.Builder().nOut(3).build(), "series")
                .add("both", new Bidirectional(new LSTM.Builder().nOut(2).build()), "series")
                .add("last", new LastTimeStep(new SimpleRnn.Builder().nOut(2).build()), "series")
                .add(
                        "tags",
                        new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build(),
                        "series")
                .add(
                        "attention",
                        new SelfAttentionLayer.Builder()
                                .nOut(2)
                                .nHeads(1)
                                .headSize(2)
                                .projectInput(true)
                                .build(),
                        "series")
                .add(
                        "recurrent",
                        new RecurrentAttentionLayer.Builder()
                                .nIn(2)
                                .nOut(2)
                                .nHeads(1)
                                .headSize(2)
                                .projectInput(true)
                                .build(),
                        "series")
                .add("conv1d", new Convolution1DLayer.Builder(2).nOut(3).build(), "series")
                .add(
                        "local1d",
                        new LocallyConnected1D.Builder()
                                .kernelSize(2)
                                .nOut(2)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .build(),
                        "series")
                .add("conv2d", new ConvolutionLayer.Builder(2, 2).nOut(3).build(), "image")
                .add("deconv", new Deconvolution2D.Builder(2, 2).nOut(2).build(), "image")
                .add(
                        "depth",
                        new DepthwiseConvolution2D.Builder(2, 2)
                                .depthMultiplier(2)
                                .nOut(4)
                                .build(),
                        "image")
                .add(
                        "separable",
                        new SeparableConvolution2D.Builder(2, 2)
                                .depthMultiplier(2)
                                .nOut(3)
                                .build(),
                        "image")
                .add(
                        "local2d",
                        new LocallyConnected2D.Builder()
                                .kernelSize(2, 2)
                                .nOut(2)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .build(),
                        "image")
                .add("conv3d", new Convolution3D.Builder(2, 2, 2).nOut(2).build(), "volume")
                .network();
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder().rank(2).initialization(Initialization.RANDOM);
    }

    /** Plain factors on everything, with biases, and DoRA over it on the kinds that have it. */
    private static AdaptedNetwork<ComputationGraph> adapted() {
        AdaptedNetwork<ComputationGraph> model = Lora.inject(
                kinds(),
                config().targetModules(ModuleSelector.regex(".*"))
                        .bias(BiasTraining.ADAPTED_ONLY)
                        .build(),
                5);
        model.addAdapter(
                "dora",
                config().dora(true)
                        .targetModules("dense", "output", "tables", "conv2d", "conv1d")
                        .build(),
                6);
        model.activate("default", "dora");
        return model;
    }

    private static MultiLayerNetwork series() {
        MultiLayerNetwork base = new MultiLayerNetwork(base().l2(0.01)
                .list()
                .layer(new DenseLayer.Builder().nOut(3).build())
                .layer(new LSTM.Builder().nOut(3).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build())
                .setInputType(InputType.recurrent(2, 4))
                .build());
        base.init();
        LoraConfig config = config().dropout(0.2)
                .targetModules(ModuleSelector.regex("[01].*"))
                .modulesToSave("2")
                .build();
        return Lora.inject(base, config, 5).network();
    }

    /** Numbers without a generator, whose sequence might change. */
    private static INDArray waves(long... shape) {
        INDArray array = Nd4j.create(DataType.DOUBLE, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, Math.sin(0.7 * i + 0.3));
        }
        return array;
    }

    private static INDArray[] inputs() {
        return new INDArray[] {
            waves(2, 3),
            waves(2, 2, 4),
            waves(2, 2, 4, 4),
            waves(2, 1, 3, 3, 3),
            Nd4j.createFromArray(0.0, 4).reshape(2, 1),
            Nd4j.createFromArray(0.0, 4, 1, 1, 3, 2, 2, 0).reshape(2, 4)
        };
    }

    private static void fit(MultiLayerNetwork network, int steps) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, 2, 3, 4);
        for (int i = 0; i < 8; i++) {
            labels.putScalar(i / 4, i % 3, i % 4, 1);
        }
        for (int i = 0; i < steps; i++) {
            network.fit(waves(2, 2, 4), labels);
        }
    }

    /** All values of an array in one number that tells them apart. */
    private static double mixed(INDArray array) {
        double[] values = values(array);
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += values[i] * Math.cos(1.1 * i);
        }
        return sum;
    }

    private static Map<String, Double> outputs(ComputationGraph network) {
        Map<String, INDArray> activations = network.feedForward(inputs(), false);
        Map<String, Double> numbers = new LinkedHashMap<>();
        network.getConfiguration().getNetworkOutputs().forEach(name -> numbers.put(name, mixed(activations.get(name))));
        return numbers;
    }

    private static void assertExpected(ComputationGraph network) {
        Map<String, Double> numbers = outputs(network);
        assertThat(numbers.keySet()).isEqualTo(EXPECTED.keySet());
        numbers.forEach((name, number) -> assertThat(number).as(name).isEqualTo(EXPECTED.get(name), offset(ROUNDING)));
    }

    private static Path file(String name) {
        return FILES.resolve(name);
    }

    @Test
    void graphOfEveryKind_opensInBothReaders_andGivesItsNumbers() throws IOException {
        assertExpected(NetworkFile.readComputationGraph(file("graph.zip")));
        assertExpected(ModelSerializer.restoreComputationGraph(file("graph.zip").toFile()));
    }

    @Test
    void graphFile_namesEveryKindThatHasAdapters() throws IOException {
        String json = new String(ZipEntries.of(file("graph.zip")).get("configuration.json"), StandardCharsets.UTF_8);
        Matcher names =
                Pattern.compile("\"org\\.lora4j\\.dl4j\\.layer\\.Lora(\\w+)\"").matcher(json);
        Set<String> found = names.results().map(name -> name.group(1)).collect(Collectors.toSet());

        // Other names for a class of which the file has the first.
        Map<String, String> aliases =
                Map.of("ConvolutionLayer", "Convolution2D", "Convolution1DLayer", "Convolution1D");
        Set<String> expected = Stream.concat(LayerKinds.names().stream(), VertexKinds.names().stream())
                .map(name -> aliases.getOrDefault(name, name))
                .collect(Collectors.toSet());
        assertThat(found).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void modelWithAdapters_opens_andGivesItsNumbers(MemoryMode mode) throws IOException {
        assertExpected(NetworkFile.of(file("adapters.zip"))
                .in(mode)
                .adaptedComputationGraph()
                .network());
    }

    @Test
    void trainedLayers_goOnFromWhereTheyWereSaved() throws IOException {
        MultiLayerNetwork network = NetworkFile.readMultiLayerNetwork(file("layers.zip"));
        assertThat(network.getIterationCount()).isEqualTo(2);

        fit(network, 1);

        assertThat(mixed(network.params())).isEqualTo(TRAINED_ON, offset(ROUNDING));
    }

    @Test
    void layerThatIsNoMore_isRefusedByName() {
        assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(file("learned-attention.zip")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(file("learned-attention.zip") + ", configuration.json: names a"
                        + " LoraLearnedSelfAttentionLayer, which lora4j no longer has")
                .hasMessageContaining("Build the network with a SelfAttentionLayer");
        assertThatThrownBy(() ->
                        NetworkFile.of(file("learned-attention-adapters.zip")).adaptedMultiLayerNetwork())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(file("learned-attention-adapters.zip") + ", configuration.json: network: layer"
                        + " \"queries\": Deeplearning4j 1.0.0-M2.1 cannot run a LearnedSelfAttentionLayer");
    }

    /** Writes the files and the numbers anew, which nothing but a change of what they have to be calls for. */
    public static void main(String[] arguments) throws IOException {
        AdaptedNetwork<ComputationGraph> model = adapted();
        model.save(file("adapters.zip"));
        ModelSerializer.writeModel(model.network(), file("graph.zip").toFile(), true);
        outputs(model.network()).forEach((name, number) -> System.out.println(name + " " + number));
        MultiLayerNetwork series = series();
        fit(series, 2);
        ModelSerializer.writeModel(series, file("layers.zip").toFile(), true);
        fit(series, 1);
        System.out.println("one more step " + mixed(series.params()));
    }
}
