/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.method.ModuleShape;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adapters that have factors for the pooler of an encoder: they load whatever becomes of the texts, and the pooler computes {@code
 * tanh((W + scale * B * A) x + b)}.
 */
class PoolerAdapterTest {

    /** What the goldens of Python allow. */
    private static final double TOLERANCE = 1e-9;

    private static final int RANK = 2;
    private static final double SCALE = 1.5;
    private static final String NAME = "default";

    @TempDir
    private Path folder;

    /** The models whose files have a pooler. */
    static Stream<String> withPooler() {
        return Stream.concat(EncoderModels.few().stream(), EncoderModels.others().stream())
                .filter(model -> load(model).weights().hasPooler());
    }

    static Stream<String> withoutPooler() {
        return Stream.of("roberta-seqcls", "distilbert-seqcls", "electra-discriminator", "deberta-v2-conv");
    }

    private static PretrainedEncoder load(String model) {
        try {
            return PretrainedEncoder.load(EncoderModels.directory(model)).converted(DataType.DOUBLE);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String pooler(PretrainedEncoder model) {
        return model.config().pooler().orElse("pooler.dense");
    }

    private static LoraConfig.Builder lora() {
        return LoraConfig.builder().rank(RANK).alpha(SCALE * RANK);
    }

    /** An adapter of the pooler, in PEFT's shapes. */
    private static Adapter ofPooler(PretrainedEncoder model, LoraConfig config) {
        int width = model.config().hidden();
        return Adapter.of(
                config,
                Map.of(
                        pooler(model),
                        Map.of("lora_A.weight", numbers(1, RANK, width), "lora_B.weight", numbers(2, width, RANK))),
                Map.of());
    }

    private static INDArray numbers(long seed, int rows, int columns) {
        SplittableRandom random = new SplittableRandom(seed);
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = random.nextDouble() - 0.5;
            }
        }
        return Nd4j.createFromArray(values);
    }

    private static Map<String, INDArray> batch(PretrainedEncoder model, Map<String, INDArray> golden, boolean types) {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, golden.get("input_ids").castTo(DataType.INT32));
        batch.put(EncoderGraph.ATTENTION_MASK, golden.get("attention_mask").castTo(DataType.DOUBLE));
        if (types && model.config().typeVocabulary() > 0) {
            batch.put(EncoderGraph.TOKEN_TYPE_IDS, golden.get("token_type_ids").castTo(DataType.INT32));
        }
        return batch;
    }

    /** The weight of the pooler as the file has it, {@code [out, in]}, and with the update of {@link #ofPooler}. */
    private static double[][] weight(PretrainedEncoder model, boolean adapted) {
        double[][] weight = model.weights()
                .checkpointTensors()
                .get(pooler(model) + ".weight")
                .toDoubleMatrix();
        int width = weight.length;
        double[][] a = numbers(1, RANK, width).toDoubleMatrix();
        double[][] b = numbers(2, width, RANK).toDoubleMatrix();
        for (int i = 0; adapted && i < width; i++) {
            for (int j = 0; j < width; j++) {
                for (int k = 0; k < RANK; k++) {
                    weight[i][j] += SCALE * b[i][k] * a[k][j];
                }
            }
        }
        return weight;
    }

    private static double[][] pooled(double[][] weight, double[] bias, INDArray hidden) {
        double[][] pooled = new double[(int) hidden.size(0)][weight.length];
        for (int row = 0; row < pooled.length; row++) {
            for (int i = 0; i < weight.length; i++) {
                double sum = bias[i];
                for (int j = 0; j < weight.length; j++) {
                    sum += weight[i][j] * hidden.getDouble(row, 0, j);
                }
                pooled[row][i] = Math.tanh(sum);
            }
        }
        return pooled;
    }

    private static void assertClose(INDArray found, double[][] expected) {
        double[][] values = found.toDoubleMatrix();
        for (int row = 0; row < expected.length; row++) {
            assertThat(values[row]).containsExactly(expected[row], within(TOLERANCE));
        }
    }

    @ParameterizedTest
    @MethodSource("withPooler")
    void pooler_isThatOfPython_andItsAdapterIsComputed(String name) throws IOException {
        PretrainedEncoder model = load(name);
        Map<String, INDArray> golden =
                EncoderGoldenTest.golden(EncoderModels.directory(name).resolve("golden.safetensors"));
        boolean types = golden.containsKey("token_type_ids");
        Map<String, INDArray> batch = batch(model, golden, types);
        double[] bias =
                model.weights().tensor(pooler(model) + ".bias").dup().data().asDouble();
        INDArray hidden = golden.get("last_hidden_state");

        AdaptedSameDiff adapted =
                AdaptedSameDiff.of(model.encoder(Pooling.POOLER, types).graph());
        INDArray base = adapted.output(batch, EncoderGraph.POOLED).get(EncoderGraph.POOLED);
        adapted.addAdapter(
                NAME, ofPooler(model, lora().targetModules(pooler(model)).build()));
        adapted.activate(NAME);

        if (golden.containsKey("pooler_output")) {
            assertClose(base, golden.get("pooler_output").toDoubleMatrix());
        }
        assertClose(base, pooled(weight(model, false), bias, hidden));
        assertClose(
                adapted.output(batch, EncoderGraph.POOLED).get(EncoderGraph.POOLED),
                pooled(weight(model, true), bias, hidden));
    }

    @ParameterizedTest
    @MethodSource("withPooler")
    void adapterOfThePooler_loads_whereNothingReadsIt_andIsMergedAndSaved(String name) throws IOException {
        PretrainedEncoder model = load(name);
        AdaptedSameDiff adapted = AdaptedSameDiff.of(model.encoder(Pooling.MEAN).graph());
        Map<String, INDArray> batch =
                TinyBerts.batch(new int[][] {{2, 5, 7}, {2, 9, 3}}, new double[][] {{1, 1, 1}, {1, 1, 1}});
        INDArray before = adapted.output(batch, EncoderGraph.POOLED).get(EncoderGraph.POOLED);
        Adapter adapter = ofPooler(model, lora().targetModules(pooler(model)).build());

        adapted.addAdapter(NAME, adapter);
        adapted.activate(NAME);

        assertThat(adapted.output(batch, EncoderGraph.POOLED).get(EncoderGraph.POOLED))
                .isEqualTo(before);
        adapted.adapter(NAME).save(folder);
        assertThat(Adapter.load(folder).modules()).isEqualTo(adapter.modules());
        assertClose(
                adapted.mergeAndUnload()
                        .getVariable(pooler(model) + ".weight")
                        .getArr()
                        .permute(1, 0),
                weight(model, true));
    }

    @ParameterizedTest
    @MethodSource("withPooler")
    void adapterOfAClassWithoutAPooler_stillLoads(String name) {
        PretrainedEncoder model = load(name);
        AdaptedSameDiff without = AdaptedSameDiff.of(graphWithoutPooler(model));
        AdaptedSameDiff with = AdaptedSameDiff.of(model.encoder(Pooling.MEAN).graph());
        String last = pooler(model).substring(pooler(model).lastIndexOf('.') + 1);
        String other = without.modules().stream()
                .filter(module -> module.shape().kind() == ModuleShape.Kind.LINEAR)
                .map(module -> module.path().substring(module.path().lastIndexOf('.') + 1))
                .findFirst()
                .orElseThrow();
        LoraConfig config = lora().targetModules(ModuleSelector.regex(".*\\.(" + last + "|" + other + ")"))
                .bias(BiasTraining.ALL)
                .build();
        without.addAdapter(NAME, config, 3);

        with.addAdapter(NAME, without.adapter(NAME));

        assertThat(with.adapter(NAME).modules().keySet())
                .isEqualTo(without.adapter(NAME).modules().keySet());
        with.addAdapter("fresh", config, 3);
        assertThat(with.adapter("fresh").modules())
                .isEqualTo(without.adapter(NAME).modules());
        assertThat(with.adapter("fresh").savedParameters().keySet())
                .isEqualTo(without.adapter(NAME).savedParameters().keySet());
    }

    private static SameDiff graphWithoutPooler(PretrainedEncoder model) {
        Map<String, INDArray> tensors = new LinkedHashMap<>(model.weights().tensors());
        tensors.keySet().removeIf(name -> name.startsWith(pooler(model) + "."));
        return EncoderGraph.create(EncoderWeights.of(model.config(), tensors), Pooling.MEAN)
                .graph();
    }

    @ParameterizedTest
    @MethodSource("withPooler")
    void freshConfig_takesThePooler_ifItNamesIt_orIfSomethingReadsIt(String name) {
        PretrainedEncoder model = load(name);
        String pooler = pooler(model);

        assertThat(fresh(model, Pooling.MEAN, ModuleSelector.suffixes(pooler))).containsExactly(pooler);
        assertThat(fresh(model, Pooling.MEAN, ModuleSelector.regex(".*" + pooler.replace(".", "\\."))))
                .containsExactly(pooler);
        assertThat(fresh(model, Pooling.MEAN, ModuleSelector.allLinear())).doesNotContain(pooler);
        assertThat(fresh(model, Pooling.MEAN, ModuleSelector.regex(".*"))).doesNotContain(pooler);
        // As PEFT, for which only a head over an encoder is left out.
        assertThat(fresh(model, Pooling.POOLER, ModuleSelector.allLinear())).contains(pooler);
    }

    private static List<String> fresh(PretrainedEncoder model, Pooling pooling, ModuleSelector targets) {
        AdaptedSameDiff adapted = AdaptedSameDiff.of(model.encoder(pooling).graph());
        adapted.addAdapter(NAME, lora().targetModules(targets).build(), 1);
        return List.copyOf(adapted.adapter(NAME).modules().keySet());
    }

    @ParameterizedTest
    @MethodSource("withoutPooler")
    void checkpointWithoutAPooler_isNamedAsTheReason(String name) {
        PretrainedEncoder model = load(name);
        AdaptedSameDiff adapted = AdaptedSameDiff.of(model.encoder(Pooling.MEAN).graph());
        LoraConfig config = lora().targetModules("pooler.dense").build();
        String reason = "the encoder has none: its checkpoint has no tensor \"pooler.dense.weight\"";

        assertThatThrownBy(() -> adapted.addAdapter(NAME, config, 1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("targetModules \"pooler.dense\" matches no module")
                .hasMessageContaining(reason);
        assertThatThrownBy(() -> adapted.addAdapter(NAME, ofPooler(model, config)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"pooler.dense\" of the adapter is not in the graph")
                .hasMessageContaining(reason);
    }

    @Test
    void severalAdapters_withAndWithoutFactorsOfThePooler_goTogether() {
        PretrainedEncoder model = load("mpnet-embed");
        AdaptedSameDiff adapted = AdaptedSameDiff.of(model.encoder(Pooling.MEAN).graph());
        adapted.addAdapter(NAME, lora().targetModules("dense").build(), 1);

        adapted.addAdapter(
                "pooler", ofPooler(model, lora().targetModules("pooler.dense").build()));
        adapted.activate(NAME, "pooler");

        assertThat(adapted.adapter("pooler").modules()).containsOnlyKeys("pooler.dense");
        assertThat(adapted.adapter(NAME).modules()).doesNotContainKey("pooler.dense");
    }
}
