/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
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
    private static final List<String> FEW = List.of("albert-seqcls", "deberta-v1-seqcls", "deberta-v3-multilabel-bias");

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

    /** Nothing of it is zero. */
    private static Adapter adapter(String model, int rank, long seed) throws IOException {
        AdaptedSameDiff adapted = AdaptedSameDiff.of(graph(model));
        adapted.addAdapter(
                "a",
                LoraConfig.builder()
                        .rank(rank)
                        .targetModules(ModuleSelector.allLinear())
                        .build(),
                seed);
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

    /** Distances are one for all rows of a batch; what is added to their projections is added where rows take them. */
    @Test
    void adapterOfTheProjectionsOfDistancesAlone_actsOnItsRowsOnly() throws IOException {
        String model = "deberta-v2-own-keys";
        AdaptedSameDiff adapted = AdaptedSameDiff.of(graph(model));
        adapted.addAdapter(
                "a",
                LoraConfig.builder()
                        .rank(2)
                        .targetModules("pos_key_proj", "pos_query_proj")
                        .loraBias(true)
                        .build(),
                1);
        adapted.activate("a");
        adapted.setTrainable("a", true);
        SplittableRandom random = new SplittableRandom(1);
        for (TrainableParameter parameter : adapted.trainableParameters()) {
            INDArray value = parameter.value();
            value.assign(RandomStreams.uniform(random, 0.5, value.dataType(), value.shape()));
        }
        Adapter distances = adapted.adapter("a");
        AdapterServer server = server(model);
        server.register("distances", distances);

        float[][] mixed = server.output(
                        inputs(), List.of("distances", AdapterServer.BASE, AdapterServer.BASE, "distances"))
                .get(EncoderClassifier.LOGITS)
                .toFloatMatrix();

        assertThat(mixed[0]).containsExactly(alone(model, distances)[0], within(1e-4f));
        assertThat(mixed[1]).containsExactly(alone(model, null)[1], within(1e-5f));
        assertThat(Math.abs(mixed[3][0] - mixed[2][0])).as("what it changes").isGreaterThan(1e-4f);
    }

    @ParameterizedTest
    @ValueSource(strings = {"albert-seqcls", "deberta-v1-seqcls", "deberta-v3-multilabel-bias"})
    void mixedBatch_givesEachRowWhatItsAdapterGivesAlone(String model) throws IOException {
        Adapter first = adapter(model, 2, 1);
        Adapter second = adapter(model, 3, 2);
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
