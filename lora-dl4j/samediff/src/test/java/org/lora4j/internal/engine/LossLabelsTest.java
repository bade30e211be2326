/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Labels that do not fit the head are told at the first batch, with shapes, values and what to do. */
class LossLabelsTest {

    private static final int ROWS = 6;

    /** A head of {@code outputs} classes under some loss. */
    private interface Loss {
        void of(SameDiff graph, SDVariable labels, SDVariable logits);
    }

    private static SameDiff graph(int outputs, DataType type, Loss loss) {
        return graph(outputs, type, loss, (long[]) null);
    }

    private static SameDiff graph(int outputs, DataType type, Loss loss, long... shape) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable labels = graph.placeHolder("labels", type, shape);
        SDVariable head = graph.constant("head.weight", Nd4j.rand(DataType.FLOAT, 4, outputs));
        loss.of(graph, labels, x.mmul("logits", head));
        graph.setLossVariables("loss");
        return graph;
    }

    private static void train(SameDiff graph, INDArray labels) {
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph),
                LoraConfig.builder()
                        .rank(2)
                        .alpha(2)
                        .dropout(0.1)
                        .targetModules("head")
                        .build(),
                1);
        Trainer.builder(model)
                .plan(TrainingPlan.builder().steps(2).build())
                .build()
                .train(Batches.inOrder(List.of(
                        Batch.of(Map.of("x", Nd4j.rand(DataType.FLOAT, ROWS, 4), "labels", labels), ROWS))));
    }

    private static INDArray oneHot(int classes) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, ROWS, classes);
        for (int row = 0; row < ROWS; row++) {
            labels.putScalar(row, row % classes, 1);
        }
        return labels;
    }

    private static INDArray numbers(int from) {
        return Nd4j.createFromArray(from, from + 1, from, from + 1, from, from + 1);
    }

    private static final Loss SOFTMAX =
            (graph, labels, logits) -> graph.loss().softmaxCrossEntropy("loss", labels, logits, null);

    static Stream<Loss> lossesOfRows() {
        return Stream.of(
                SOFTMAX,
                (graph, labels, logits) -> graph.loss().sigmoidCrossEntropy("loss", labels, logits, null),
                (graph, labels, logits) -> graph.loss().meanSquaredError("loss", labels, logits, null),
                (graph, labels, logits) -> graph.loss().huberLoss("loss", labels, logits, null, 1));
    }

    @ParameterizedTest
    @MethodSource("lossesOfRows")
    void train_withFiveClassesOnAHeadOfTwo_givesBothShapes(Loss loss) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.FLOAT, loss), oneHot(5)))
                .withMessageContaining(
                        "labels of the loss: \"loss\" compares \"labels\" FLOAT[6, 5] with values from 0.0 to 1.0")
                .withMessageContaining("with \"logits\" [6, 2], expected [6, 2]");
        train(graph(2, DataType.FLOAT, loss), oneHot(2));
    }

    @Test
    void train_withFiveClassesOnAHeadOfTwo_saysWhatToDo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.FLOAT, SOFTMAX), oneHot(5)))
                .withMessageContaining(
                        "The labels have 5 classes and the head 2 outputs: give the head an output for each class");
    }

    @Test
    void train_withClassNumbersUnderALossOfRows_saysHowToMakeRows() {
        for (INDArray labels : List.of(numbers(1), numbers(1).reshape(ROWS, 1))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> train(graph(2, DataType.FLOAT, SOFTMAX), labels))
                    .withMessageContaining("with values from 1")
                    .withMessageContaining("They look like class numbers")
                    .withMessageContaining("graph.oneHot(labels, 2)")
                    .withMessageContaining("classes count from 0");
        }
    }

    private static final Loss SPARSE = (graph, labels, logits) ->
            graph.loss().sparseSoftmaxCrossEntropy(logits, labels).mean("loss");

    private static final Loss ONE_HOT_INSIDE = (graph, labels, logits) ->
            graph.loss().softmaxCrossEntropy("loss", graph.oneHot(labels, 2).castTo(DataType.FLOAT), logits, null);

    static Stream<Loss> lossesOfNumbers() {
        return Stream.of(SPARSE, ONE_HOT_INSIDE);
    }

    @ParameterizedTest
    @MethodSource("lossesOfNumbers")
    void train_withLabelsThatStartAt1_givesTheirRangeAndSaysToSubtract(Loss loss) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.INT32, loss), numbers(1)))
                .withMessageContaining("\"labels\" holds 2, expected 0 to 1")
                .withMessageContaining("the labels \"labels\" are INT[6] with values from 1")
                .withMessageContaining("Classes count from 0: subtract 1 if yours start at 1");
        train(graph(2, DataType.INT32, loss), numbers(0));
    }

    @Test
    void train_withALossForEachRow_saysToTakeTheMean() {
        Loss rows = (graph, labels, logits) -> graph.loss().sparseSoftmaxCrossEntropy("loss", logits, labels);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.INT32, rows), numbers(0)))
                .withMessage(
                        "loss variables: \"loss\" has shape [6]; expected one number. Reduce it with mean(), or with"
                                + " sum() if that is meant, and name the result with setLossVariables");
    }

    @Test
    void train_withLabelsThatAPlaceholderOfKnownShapeRefuses_saysWhatToDoToo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.FLOAT, SOFTMAX, -1, 2), oneHot(5)))
                .withMessageContaining("placeholder \"labels\" FLOAT[-1, 2] was given FLOAT[6, 5]")
                .withMessageContaining("The labels have 5 classes and the head 2 outputs");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.FLOAT, SOFTMAX, -1, 2), numbers(1)))
                .withMessageContaining("INT[6] with values from 1")
                .withMessageContaining("graph.oneHot(labels, 2)");
    }

    @Test
    void train_withAColumnOfClassNumbersUnderTheSparseLoss_givesTheShape() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> train(graph(2, DataType.INT32, SPARSE), numbers(0).reshape(ROWS, 1)))
                .withMessageContaining("\"labels\" INT[6, 1]")
                .withMessageContaining("expected a class number for each row, [6]")
                .withMessageContaining("the 2 outputs stand for classes 0 to 1");
    }

    @Test
    void train_withAOneHotOpOfAnotherDepthThanTheHead_givesBoth() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(5, DataType.INT32, ONE_HOT_INSIDE), numbers(0)))
                .withMessageContaining("made [6, 2], with \"logits\" [6, 5]");
    }

    @Test
    void train_withLabelsForAnotherNumberOfRows_givesBothShapes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(graph(2, DataType.FLOAT, SOFTMAX), Nd4j.zeros(DataType.FLOAT, 5, 2)))
                .withMessageContaining("FLOAT[5, 2]")
                .withMessageContaining("expected [6, 2]");
    }

    @Test
    void compared_ofAGraphWithALossOfItsOwn_isNothing() {
        SameDiff graph = graph(
                2, DataType.FLOAT, (own, labels, logits) -> logits.sub(labels).mean("loss"));

        assertThat(new LossLabels(graph, List.of("loss")).compared()).isEmpty();
    }
}
