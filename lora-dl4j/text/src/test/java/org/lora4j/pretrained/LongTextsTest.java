/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.IndexOutOfRangeException;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Texts of more tokens than an encoder has positions: a few more read foreign memory in ND4J, many more end the JVM. */
class LongTextsTest {

    private static final int LONGEST = TinyBerts.CONFIG.longestSequence();

    static Stream<Arguments> configs() {
        return Stream.of(
                arguments(
                        "projections",
                        LoraConfig.builder()
                                .rank(2)
                                .targetModules("query", "value")
                                .build()),
                arguments(
                        "embeddings",
                        LoraConfig.builder()
                                .rank(2)
                                .targetModules("word_embeddings", "position_embeddings")
                                .build()),
                arguments(
                        "tokens",
                        LoraConfig.builder()
                                .rank(2)
                                .targetModules("query")
                                .trainableTokens(TrainableTokens.ofInputEmbedding(3, 7))
                                .build()),
                arguments(
                        "table trained fully",
                        LoraConfig.builder()
                                .rank(2)
                                .targetModules("query")
                                .modulesToSave("position_embeddings")
                                .build()));
    }

    private static Map<String, INDArray> batch(int length) {
        int[] ids = new int[length];
        double[] mask = new double[length];
        Arrays.fill(mask, 1);
        Map<String, INDArray> batch = TinyBerts.batch(new int[][] {ids}, new double[][] {mask});
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new double[][] {{0, 0, 1}}));
        return batch;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("configs")
    void textLongerThanThePositions_isRefusedByOutputAndTraining(String name, LoraConfig config) {
        EncoderClassifier classifier =
                EncoderClassifier.create(TinyBerts.weights(TinyBerts.CONFIG, 7), Pooling.CLS, 3, 42);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(classifier.graph()), config, 1);
        Trainer trainer = Trainer.builder(model)
                .plan(TrainingPlan.builder().epochs(1).build())
                .build();
        INDArray before = model.output(batch(LONGEST), EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS);

        for (int length : new int[] {LONGEST + 1, 100 * LONGEST}) {
            Map<String, INDArray> tooLong = batch(length);
            assertThatThrownBy(() -> model.output(tooLong, EncoderClassifier.LOGITS))
                    .isInstanceOf(IndexOutOfRangeException.class)
                    .hasMessageContaining("\"position_ids\": indices from 0 to " + (length - 1))
                    .hasMessageContaining("expected 0 to " + (LONGEST - 1))
                    .hasMessageContaining("cut the texts");
            assertThatThrownBy(() -> trainer.train(Batches.inOrder(List.of(Batch.of(tooLong, 1)))))
                    .hasStackTraceContaining("\"position_ids\": indices from 0 to " + (length - 1));
        }

        assertThat(model.output(batch(LONGEST), EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS))
                .isEqualTo(before);
    }
}
