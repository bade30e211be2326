/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.ModelFormatException;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * DeBERTa's convolution over groups of channels, against loops in double precision: output {@code o} of group {@code o * groups / width}
 * sums over the inputs of its group alone. The file is the golden one of Python with a convolution that was cut into groups.
 */
class GroupedConvolutionEncoderTest {

    private static final String MODEL = "deberta-v2-conv";
    private static final String MODULE = "encoder.conv.conv";
    private static final String WEIGHT = MODULE + ".weight";
    private static final int WIDTH = 32;
    private static final int WINDOW = 3;
    private static final double EXACT = 1e-12;

    private static final int[][] IDS = {{2, 5, 7, 11, 3}, {2, 9, 3, 0, 0}};
    private static final double[][] MASK = {{1, 1, 1, 1, 1}, {1, 1, 1, 0, 0}};

    @TempDir
    private Path folder;

    private static double[][][] blocks(int groups) {
        SplittableRandom random = new SplittableRandom(groups);
        double[][][] weight = new double[WIDTH][WIDTH / groups][WINDOW];
        for (double[][] output : weight) {
            for (double[] input : output) {
                for (int k = 0; k < WINDOW; k++) {
                    input[k] = random.nextDouble() - 0.5;
                }
            }
        }
        return weight;
    }

    /** The golden directory, whose convolution has so many groups, in DOUBLE. */
    private PretrainedEncoder grouped(int groups) throws IOException {
        Path golden = EncoderModels.directory(MODEL);
        Path directory = Files.createDirectories(folder.resolve("groups" + groups));
        String config = Files.readString(golden.resolve("config.json"));
        Files.writeString(
                directory.resolve("config.json"), config.replaceFirst("\\{", "{\"conv_groups\": " + groups + ", "));
        Map<String, INDArray> tensors = new LinkedHashMap<>(PretrainedEncoder.load(golden)
                .converted(DataType.DOUBLE)
                .weights()
                .checkpointTensors());
        tensors.put(WEIGHT, Nd4j.createFromArray(blocks(groups)));
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((name, array) -> sources.add(TensorSource.of(name, DType.F64, array.shape(), bytes(array))));
        SafetensorsWriter.write(directory.resolve("model.safetensors"), sources, Map.of("format", "pt"));
        return PretrainedEncoder.load(directory);
    }

    private static ByteBuffer bytes(INDArray array) {
        double[] values = array.dup('c').data().asDouble();
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (double value : values) {
            bytes.putDouble(value);
        }
        return bytes.flip();
    }

    private static Map<String, INDArray> batch() {
        return TinyBerts.batch(IDS, MASK);
    }

    /** What PyTorch's Conv1d with groups and zeros around computes, and {@code scale * B(A(x))} as PEFT adds it: A sees all channels. */
    private static double[][][] convolved(
            INDArray x, double[][][] weight, double[] bias, int groups, double[][][] a, double[][] b, double scale) {
        int rows = (int) x.size(0);
        int length = (int) x.size(1);
        double[][][] y = new double[rows][length][WIDTH];
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < length; t++) {
                for (int o = 0; o < WIDTH; o++) {
                    int first = o / (WIDTH / groups) * (WIDTH / groups);
                    y[row][t][o] = bias[o] + sum(x, row, t, first, weight[o]);
                    int perGroup = b.length == 0 ? 0 : b[o].length;
                    for (int k = 0; k < perGroup; k++) {
                        int factor = o / (WIDTH / groups) * perGroup + k;
                        y[row][t][o] += scale * b[o][k] * sum(x, row, t, 0, a[factor]);
                    }
                }
            }
        }
        return y;
    }

    private static double sum(INDArray x, int row, int t, int first, double[][] weight) {
        double sum = 0;
        for (int i = 0; i < weight.length; i++) {
            for (int k = 0; k < WINDOW; k++) {
                int at = t + k - WINDOW / 2;
                if (at >= 0 && at < x.size(1)) {
                    sum += weight[i][k] * x.getDouble(row, at, first + i);
                }
            }
        }
        return sum;
    }

    private static void assertClose(INDArray found, double[][][] expected) {
        for (int row = 0; row < expected.length; row++) {
            for (int t = 0; t < expected[row].length; t++) {
                for (int o = 0; o < WIDTH; o++) {
                    assertThat(found.getDouble(row, t, o)).isCloseTo(expected[row][t][o], within(EXACT));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16, 32})
    void convolution_seesTheChannelsOfItsGroup_withAndWithoutAnAdapter(int groups) throws IOException {
        PretrainedEncoder model = grouped(groups);
        AdaptedSameDiff adapted = AdaptedSameDiff.of(model.encoder(Pooling.MEAN).graph());
        double[] bias = model.weights().tensor(MODULE + ".bias").dup().data().asDouble();
        String input = MODULE + "/input";
        String output = MODULE + "/output";

        Map<String, INDArray> base = adapted.output(batch(), input, output);
        assertClose(
                base.get(output),
                convolved(base.get(input), blocks(groups), bias, groups, new double[0][][], new double[0][], 0));

        // Ranks in PEFT are multiples of the groups.
        int rank = Math.max(2, groups);
        LoraConfig config = LoraConfig.builder()
                .rank(rank)
                .alpha(1.5 * rank)
                .targetModules(MODULE)
                .build();
        INDArray a = numbers(1, rank, WIDTH, WINDOW);
        INDArray b = numbers(2, WIDTH, rank / groups, 1);
        adapted.addAdapter(
                "default",
                Adapter.of(config, Map.of(MODULE, Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of()));
        adapted.activate("default");
        Map<String, INDArray> changed = adapted.output(batch(), input, EncoderGraph.LAST_HIDDEN_STATE);
        assertThat(changed.get(input)).isEqualTo(base.get(input));
        // The module's result has the update beside it, which the next ops see: compared where it is folded into the
        // weight.
        SameDiff merged = adapted.mergeAndUnload();
        Map<String, INDArray> folded = merged.output(batch(), output, EncoderGraph.LAST_HIDDEN_STATE);
        assertClose(
                folded.get(output),
                convolved(
                        base.get(input),
                        blocks(groups),
                        bias,
                        groups,
                        cube(a),
                        b.reshape(WIDTH, rank / groups).toDoubleMatrix(),
                        1.5));
        assertThat(changed.get(EncoderGraph.LAST_HIDDEN_STATE)
                        .sub(folded.get(EncoderGraph.LAST_HIDDEN_STATE))
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-10);
    }

    private static INDArray numbers(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.create(DataType.DOUBLE, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble() - 0.5);
        }
        return array;
    }

    private static double[][][] cube(INDArray array) {
        double[][][] cube = new double[(int) array.size(0)][(int) array.size(1)][(int) array.size(2)];
        for (int i = 0; i < cube.length; i++) {
            cube[i] = array.slice(i).toDoubleMatrix();
        }
        return cube;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 8})
    void gradients_areThoseOfDifferences(int groups) throws IOException {
        PretrainedEncoder model = grouped(groups);
        AdaptedSameDiff adapted = AdaptedSameDiff.of(
                EncoderClassifier.create(model.weights(), Pooling.MEAN, 3, 5).graph());
        LoraConfig config = LoraConfig.builder()
                .rank(8)
                .targetModules(MODULE, "query_proj")
                .initialization(Initialization.RANDOM)
                .build();
        adapted.addAdapter("default", config, 3);
        adapted.activate("default");
        Map<String, INDArray> batch = batch();
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new double[][] {{0, 0, 1}, {1, 0, 0}}));

        assertThat(adapted.adapter("default")
                        .modules()
                        .get(MODULE)
                        .get("lora_B.weight")
                        .shape())
                .containsExactly(WIDTH, 8 / groups, 1);
        LossAndGradients step = adapted.executor().gradients(batch, 1);
        for (TrainableParameter parameter : adapted.trainableParameters()) {
            INDArray value = parameter.value();
            for (long element : new long[] {0, value.length() / 3, value.length() - 1}) {
                assertThat(step.gradients().get(parameter.name()).getDouble(element))
                        .as("%s[%d]", parameter.name(), element)
                        .isCloseTo(difference(adapted, batch, value, element), within(1e-7));
            }
        }
    }

    private static double difference(AdaptedSameDiff model, Map<String, INDArray> batch, INDArray value, long element) {
        double step = 1e-5;
        double before = value.getDouble(element);
        value.putScalar(element, before + step);
        double above = loss(model, batch);
        value.putScalar(element, before - step);
        double below = loss(model, batch);
        value.putScalar(element, before);
        return (above - below) / (2 * step);
    }

    private static double loss(AdaptedSameDiff model, Map<String, INDArray> batch) {
        return model.output(batch, EncoderClassifier.LOSS)
                .get(EncoderClassifier.LOSS)
                .getDouble(0);
    }

    @Test
    void weights_areWrittenAsTheyWereRead() throws IOException {
        PretrainedEncoder model = grouped(4);

        Map<String, INDArray> tensors = model.weights().checkpointTensors();

        assertThat(tensors.get(WEIGHT)).isEqualTo(Nd4j.createFromArray(blocks(4)));
        assertThat(EncoderWeights.ofCheckpoint(model.config(), tensors).tensors())
                .isEqualTo(model.weights().tensors());
        assertThat(EncoderWeights.random(model.config(), 1, DataType.DOUBLE)
                        .checkpointTensors()
                        .get(WEIGHT)
                        .shape())
                .containsExactly(WIDTH, WIDTH / 4, WINDOW);
    }

    @Test
    void whatWouldMixTheGroups_isRefused() throws IOException {
        PretrainedEncoder model = grouped(4);
        Map<String, INDArray> mixed = new LinkedHashMap<>(model.weights().tensors());
        mixed.put(WEIGHT, Nd4j.ones(DataType.DOUBLE, WINDOW, WIDTH, WIDTH));

        assertThatThrownBy(() -> EncoderWeights.of(model.config(), mixed).checkpointTensors())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + WEIGHT + "\" has numbers outside the 4 groups of channels");
        assertThatThrownBy(() -> {
                    SameDiff graph = EncoderClassifier.create(model.weights(), Pooling.MEAN, 3, 5)
                            .graph();
                    TrainableGraph.of(graph, TrainableGraph.weights(graph));
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + WEIGHT + "\" are weights of convolutions over groups of channels");
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 64})
    void groupsThatDoNotDivideTheChannels_areRefusedByName(int groups) {
        assertThatThrownBy(() -> {
                    Path golden = EncoderModels.directory(MODEL);
                    String config = Files.readString(golden.resolve("config.json"));
                    Files.writeString(
                            folder.resolve("config.json"),
                            config.replaceFirst("\\{", "{\"conv_groups\": " + groups + ", "));
                    Files.copy(golden.resolve("model.safetensors"), folder.resolve("model.safetensors"));
                    PretrainedEncoder.load(folder);
                })
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("conv_groups is " + groups + ", expected a divisor of the 32 of hidden_size");
    }
}
