/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of several adapters in one batch over an encoder of any family: each as its adapter alone computes it. */
class FamilyServingTest {

    private static final Path MODELS = Path.of("../text/src/test/resources/encoders/models");
    private static final List<String> FEW = List.of("albert-seqcls", "deberta-v3-multilabel-bias");

    static List<String> others() {
        try (Stream<Path> folders = Files.list(MODELS)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .filter(name -> !FEW.contains(name))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SameDiff graph(String model) throws IOException {
        return EncoderClassifier.create(
                        PretrainedEncoder.load(MODELS.resolve(model)).weights(), Pooling.MEAN, 2, 3)
                .graph();
    }

    private static Map<String, INDArray> inputs() {
        return Map.of(
                EncoderGraph.INPUT_IDS,
                Nd4j.createFromArray(new int[][] {
                    {5, 17, 80, 33, 9, 2}, {5, 40, 41, 3, 1, 1}, {5, 17, 80, 33, 9, 2}, {5, 17, 80, 33, 9, 2}
                }),
                EncoderGraph.ATTENTION_MASK,
                Nd4j.createFromArray(
                        new float[][] {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 0, 0}, {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}
                        }));
    }

    /** DeBERTa projects distances, too, with its own or with those of keys and queries: they are no rows of a batch. */
    private static ModuleSelector modules(String model) {
        return model.startsWith("deberta")
                ? ModuleSelector.regex(".*\\.(in_proj|value_proj|dense)")
                : ModuleSelector.allLinear();
    }

    /** Nothing of it is zero. */
    private static Adapter adapter(String model, ModuleSelector modules, int rank, long seed) throws IOException {
        AdaptedSameDiff adapted = AdaptedSameDiff.of(graph(model));
        adapted.addAdapter(
                "a", LoraConfig.builder().rank(rank).targetModules(modules).build(), seed);
        adapted.activate("a");
        adapted.setTrainable("a", true);
        SplittableRandom random = new SplittableRandom(seed);
        for (TrainableParameter parameter : adapted.trainableParameters()) {
            INDArray value = parameter.value();
            value.assign(RandomStreams.uniform(random, 0.3, value.dataType(), value.shape()));
        }
        return adapted.adapter("a");
    }

    private static float[][] alone(String model, Adapter adapter) throws IOException {
        AdaptedSameDiff adapted = AdaptedSameDiff.of(graph(model));
        if (adapter != null) {
            adapted.addAdapter("a", adapter);
            adapted.activate("a");
        }
        return adapted.output(inputs(), EncoderClassifier.LOGITS)
                .get(EncoderClassifier.LOGITS)
                .toFloatMatrix();
    }

    private static AdapterServer server(String model) throws IOException {
        return AdapterServer.builder(graph(model))
                .outputs(EncoderClassifier.LOGITS)
                .example(inputs())
                .build();
    }

    @Test
    void adapterOfAModuleThatProjectsDistances_isRefusedByItsName() throws IOException {
        String model = "deberta-v3-multilabel-bias";
        Adapter all = adapter(model, ModuleSelector.allLinear(), 2, 1);
        AdapterServer server = server(model);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("all", all))
                .withMessageContaining("module \"encoder.layer.0.attention.self.key_proj\": its input does not keep the"
                        + " rows of a batch one after the other")
                .withMessageContaining("Leave the module out of the adapter");
    }

    @ParameterizedTest
    @ValueSource(strings = {"albert-seqcls", "deberta-v3-multilabel-bias"})
    void mixedBatch_givesEachRowWhatItsAdapterGivesAlone(String model) throws IOException {
        Adapter first = adapter(model, modules(model), 2, 1);
        Adapter second = adapter(model, modules(model), 3, 2);
        AdapterServer server = server(model);
        server.register("first", first);
        server.register("second", second);

        float[][] mixed = server.output(inputs(), List.of("second", "first", AdapterServer.BASE, "first"))
                .get(EncoderClassifier.LOGITS)
                .toFloatMatrix();

        assertThat(mixed[0]).containsExactly(alone(model, second)[0], within(1e-4f));
        assertThat(mixed[1]).containsExactly(alone(model, first)[1], within(1e-4f));
        assertThat(mixed[2]).containsExactly(alone(model, null)[2], within(1e-4f));
        assertThat(mixed[3]).containsExactly(alone(model, first)[3], within(1e-4f));
        assertThat(Math.abs(mixed[3][0] - mixed[2][0]))
                .as("what an adapter changes")
                .isGreaterThan(1e-2f);
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("others")
    void mixedBatch_ofEveryOtherFamily_givesEachRowWhatItsAdapterGivesAlone(String model) throws IOException {
        mixedBatch_givesEachRowWhatItsAdapterGivesAlone(model);
    }
}
