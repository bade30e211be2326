/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.StoredWeights;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the engine does with graphs of BERT, it does with those of other families: recompute, and hold weights in fewer bits. */
class FamilyEngineTest {

    private static EncoderClassifier classifier(String model) throws IOException {
        return EncoderClassifier.create(EncoderModels.weights(model), Pooling.MEAN, 2, 3);
    }

    private static Map<String, INDArray> batch() {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{5, 17, 80, 33, 9, 2}, {5, 40, 41, 3, 1, 1}
        }));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(new float[][] {
            {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 0, 0}
        }));
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}}));
        return batch;
    }

    static List<String> few() {
        return EncoderModels.few();
    }

    static List<String> others() {
        return EncoderModels.others();
    }

    static Stream<Arguments> fewStored() {
        return stored(few());
    }

    static Stream<Arguments> othersStored() {
        return stored(others());
    }

    private static Stream<Arguments> stored(List<String> models) {
        return models.stream()
                .flatMap(model ->
                        Stream.of(Quantization.bf16(), Quantization.int8()).map(way -> Arguments.of(model, way)));
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("others")
    void recomputedActivations_ofEveryOtherFamily_giveTheSameGradients(String model) throws IOException {
        recomputedActivations_giveTheSameGradients(model);
    }

    @ParameterizedTest
    @MethodSource("few")
    void recomputedActivations_giveTheSameGradients(String model) throws IOException {
        AdaptedSameDiff adapted = adapted(classifier(model).graph());

        LossAndGradients kept = adapted.executor().gradients(batch(), 1);
        LossAndGradients recomputed = adapted.executor().recomputing().gradients(batch(), 1);

        assertEqualGradients(recomputed, kept, 1e-5f);
    }

    @Tag("thorough")
    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("othersStored")
    void weightsInFewerBits_ofEveryOtherFamily_giveWhatTheirValuesGive(String model, Quantization way)
            throws IOException {
        weightsInFewerBits_giveWhatTheirValuesGive(model, way);
    }

    /** All matrices, tables of words, positions and types among them. */
    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("fewStored")
    void weightsInFewerBits_giveWhatTheirValuesGive(String model, Quantization way) throws IOException {
        SameDiff graph = classifier(model).graph();
        List<String> matrices = TrainableGraph.weights(graph).stream()
                .filter(name -> !name.startsWith(EncoderClassifier.HEAD)
                        && graph.getVariable(name).getArr().rank() == 2)
                .toList();
        SameDiff small = way.apply(graph, matrices::contains).graph();
        SameDiff values = classifier(model).graph();
        for (String name : matrices) {
            assertThat(StoredWeights.find(small, name)).as(name).isPresent();
            values.getVariable(name).getArr().assign(StoredWeights.value(small, name));
        }
        Map<String, INDArray> inputs = batch();
        inputs.remove(EncoderClassifier.LABELS);

        assertThat(logits(small, inputs)).containsExactly(logits(values, inputs), within(1e-4));
        assertEqualGradients(gradients(small), gradients(values), 1e-4f);
    }

    private static LossAndGradients gradients(SameDiff graph) {
        return adapted(graph).executor().gradients(batch(), 1);
    }

    private static AdaptedSameDiff adapted(SameDiff graph) {
        AdaptedSameDiff adapted = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph),
                LoraConfig.builder()
                        .rank(2)
                        .targetModules(ModuleSelector.allLinear())
                        .build(),
                5);
        adapted.setTrainable("default", true);
        return adapted;
    }

    private static void assertEqualGradients(LossAndGradients found, LossAndGradients expected, float most) {
        assertThat(found.loss()).isCloseTo(expected.loss(), within((double) most));
        expected.gradients()
                .forEach((name, gradient) -> assertThat(
                                found.gradients().get(name).ravel().toFloatVector())
                        .as(name)
                        .containsExactly(gradient.ravel().toFloatVector(), within(most)));
    }

    private static double[] logits(SameDiff graph, Map<String, INDArray> inputs) {
        return SameDiffExecutor.forInference(graph)
                .fastest()
                .output(inputs, List.of(EncoderClassifier.LOGITS))
                .get(EncoderClassifier.LOGITS)
                .castTo(DataType.DOUBLE)
                .ravel()
                .toDoubleVector();
    }
}
