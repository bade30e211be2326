/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderModels;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GradCacheTest {

    private static final int PAIRS = 7;
    private static final int LENGTH = 6;
    private static final double TEMPERATURE = 0.2;

    private final int[][] ids = ids();

    private static EncoderWeights weights() {
        EncoderWeights weights = EncoderWeights.random(EncoderConfig.bert(2, 8, 2, 16, 20, 8, 2), 3, DataType.DOUBLE);
        weights.tensors().values().stream().filter(array -> array.rank() == 2).forEach(array -> array.muli(10));
        return weights;
    }

    /** Of several lengths. From 2 on: some families count positions by which ids are padding. */
    private static int[][] ids() {
        Random random = new Random(1);
        int[][] ids = new int[2 * PAIRS][];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = random.ints(LENGTH - i % 3, 2, 20).toArray();
        }
        return ids;
    }

    static List<String> few() {
        return EncoderModels.few();
    }

    static List<String> others() {
        return EncoderModels.others();
    }

    private LossAndGradients cached(EncoderWeights weights, int mostRows) {
        EncoderParts parts = new EncoderParts("", weights, Pooling.MEAN, false);
        SameDiff graph = EmbeddingFit.graph(parts, weights);
        List<TokenizedText> texts = new ArrayList<>();
        for (int[] row : ids) {
            texts.add(new TokenizedText(row, new int[row.length], new int[row.length], false));
        }
        List<SentenceRows> examples = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            examples.add(new SentenceRows(i, PAIRS + i, new int[0], 0, null, -1));
        }
        EmbeddingExecutor executor = new EmbeddingExecutor(
                TrainableGraph.of(graph, TrainableGraph.weights(graph)).executor(),
                parts,
                EmbeddingLoss.ranking(TEMPERATURE),
                texts,
                examples,
                mostRows,
                1 << 20);
        INDArray indices = Nd4j.createFromArray(0, 1, 2, 3, 4, 5, 6);
        return executor.gradients(Map.of(EmbeddingExecutor.EXAMPLES, indices), 1);
    }

    /** The whole batch in one graph, by ops of SameDiff, which know nothing of what is tested. */
    private LossAndGradients whole(EncoderWeights weights) {
        SameDiff sd = EncoderGraph.create(weights, Pooling.MEAN).graph();
        SDVariable pooled = sd.getVariable(EncoderGraph.POOLED);
        SDVariable length = sd.math().sqrt("length", sd.sum("squares", pooled.mul("square", pooled), true, 1));
        SDVariable units = pooled.div("units", length);
        SDVariable anchors = units.get(SDIndex.interval(0, PAIRS), SDIndex.all());
        SDVariable positives = units.get(SDIndex.interval(PAIRS, 2 * PAIRS), SDIndex.all());
        SDVariable scores =
                sd.mmul("scores", anchors, positives, false, true, false).div("scaled", TEMPERATURE);
        SDVariable diagonal = sd.constant("diagonal", Nd4j.eye(PAIRS).castTo(DataType.DOUBLE));
        SDVariable own = sd.sum("own", sd.nn().logSoftmax("logs", scores, 1).mul("diagonals", diagonal), 1);
        sd.mean("loss", own.neg("negative"), 0);
        sd.setLossVariables("loss");
        int[][] padded = new int[ids.length][];
        double[][] mask = new double[ids.length][LENGTH];
        for (int i = 0; i < ids.length; i++) {
            padded[i] = Arrays.copyOf(ids[i], LENGTH);
            Arrays.fill(padded[i], ids[i].length, LENGTH, 1);
            Arrays.fill(mask[i], 0, ids[i].length, 1);
        }
        return TrainableGraph.of(sd, TrainableGraph.weights(sd))
                .executor()
                .gradients(
                        Map.of(
                                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(padded),
                                EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask)),
                        1);
    }

    @Test
    void gradients_inParts_areThoseOfTheWholeBatch() {
        assertEqualGradients(weights());
    }

    @ParameterizedTest
    @MethodSource("few")
    void gradientsInParts_ofAFamily_areThoseOfTheWholeBatch(String model) throws IOException {
        assertEqualGradients(EncoderModels.weights(model).converted(DataType.DOUBLE));
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("others")
    void gradientsInParts_ofEveryOtherFamily_areThoseOfTheWholeBatch(String model) throws IOException {
        assertEqualGradients(EncoderModels.weights(model).converted(DataType.DOUBLE));
    }

    private void assertEqualGradients(EncoderWeights weights) {
        LossAndGradients whole = whole(weights);

        for (int mostRows : new int[] {3, 100}) {
            LossAndGradients cached = cached(weights, mostRows);

            assertThat(cached.loss()).isCloseTo(whole.loss(), within(1e-9));
            assertThat(cached.gradients()).hasSameSizeAs(whole.gradients());
            whole.gradients().forEach((name, gradient) -> {
                double scale = Math.max(1, gradient.amaxNumber().doubleValue());
                double difference =
                        gradient.sub(cached.gradients().get(name)).amaxNumber().doubleValue();
                assertThat(difference / scale).as(name).isLessThan(1e-6);
            });
            assertThat(whole.gradients().values())
                    .anySatisfy(gradient ->
                            assertThat(gradient.amaxNumber().doubleValue()).isGreaterThan(1e-3));
        }
    }
}
