/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Files with every kind of adapted layer that earlier versions wrote: they open and give the numbers that they gave then. They
 * are never written again.
 */
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

    /** The kinds of layers and vertices that the files had from the start, by the names of their stock configurations. */
    private static Set<String> firstKinds() throws IOException {
        String json = new String(ZipEntries.of(file("graph.zip")).get("configuration.json"), StandardCharsets.UTF_8);
        Set<String> adapted = Pattern.compile("\"org\\.lora4j\\.dl4j\\.layer\\.Lora(\\w+)\"")
                .matcher(json)
                .results()
                .map(name -> name.group(1))
                .collect(Collectors.toSet());
        // Other names for a class of which the file has the first.
        Map<String, String> aliases =
                Map.of("ConvolutionLayer", "Convolution2D", "Convolution1DLayer", "Convolution1D");
        return Stream.concat(LayerKinds.names().stream(), VertexKinds.names().stream())
                .filter(name -> adapted.contains(aliases.getOrDefault(name, name)))
                .collect(Collectors.toSet());
    }

    static Stream<KindsInGraphsTest.Case> laterKinds() throws IOException {
        Set<String> later = new HashSet<>(LayerKinds.names());
        later.removeAll(firstKinds());
        return KindsInGraphsTest.cases().filter(one -> later.contains(one.kind()));
    }

    /** A kind that came later has a file of its own with numbers beside it, made the first time that this test finds none. */
    @ParameterizedTest(name = "{0}", allowZeroInvocations = true)
    @MethodSource("laterKinds")
    void graphOfALaterKind_opensInBothReaders_andGivesItsNumbers(KindsInGraphsTest.Case one) throws IOException {
        Path zip = file(one.kind() + ".zip");
        Path numbers = file(one.kind() + ".txt");
        if (!Files.exists(zip)) {
            ComputationGraph base = one.graph().get();
            base.init();
            LoraConfig config = LoraConfig.builder()
                    .rank(2)
                    .initialization(Initialization.RANDOM)
                    .targetModules(ModuleSelector.regex(".*"))
                    .build();
            ComputationGraph network =
                    DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5).network();
            ModelSerializer.writeModel(network, zip.toFile(), true);
            Files.write(
                    numbers,
                    DoubleStream.of(numbers(network, one))
                            .mapToObj(Double::toString)
                            .toList());
            fail("there was no " + zip + ": it is written with its numbers; commit both");
        }
        double[] expected = Files.readAllLines(numbers).stream()
                .mapToDouble(Double::parseDouble)
                .toArray();
        assertThat(numbers(NetworkFile.readComputationGraph(zip), one)).containsExactly(expected, offset(ROUNDING));
        assertThat(numbers(ModelSerializer.restoreComputationGraph(zip.toFile()), one))
                .containsExactly(expected, offset(ROUNDING));
    }

    private static double[] numbers(ComputationGraph network, KindsInGraphsTest.Case one) {
        return Arrays.stream(network.output(false, one.inputs()))
                .mapToDouble(SavedBeforeTest::mixed)
                .toArray();
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
}
