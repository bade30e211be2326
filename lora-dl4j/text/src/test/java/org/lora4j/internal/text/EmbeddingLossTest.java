/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EmbeddingLossTest {

    private static final int[] NONE = {};

    private static SentenceRows pair(int anchor, int positive, int group, int... negatives) {
        return new SentenceRows(anchor, positive, negatives, 0.4, new float[] {1, 2, 3}, group);
    }

    static Stream<Arguments> losses() {
        List<SentenceRows> pairs = List.of(pair(0, 1, 5, 6, 7), pair(2, 3, 5, 7), pair(4, 5, -1, 6, 1));
        return Stream.of(
                Arguments.of("ranking", EmbeddingLoss.ranking(0.3), pairs),
                Arguments.of("cosine", EmbeddingLoss.cosine(), pairs),
                Arguments.of("triplet", EmbeddingLoss.triplet(0.5), pairs),
                Arguments.of("distillation", EmbeddingLoss.distillation(), pairs),
                Arguments.of(
                        "nested ranking",
                        EmbeddingLoss.nested(EmbeddingLoss.ranking(0.3), Map.of(3, 1.0, 2, 0.5)),
                        pairs),
                Arguments.of(
                        "nested triplet", EmbeddingLoss.nested(EmbeddingLoss.triplet(0.5), Map.of(1, 2.0)), pairs));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("losses")
    void gradient_agreesWithDifferenceQuotients(String name, EmbeddingLoss loss, List<SentenceRows> examples) {
        Random random = new Random(3);
        double[][] vectors = new double[8][3];
        for (double[] vector : vectors) {
            for (int i = 0; i < 3; i++) {
                vector[i] = random.nextGaussian();
            }
        }
        double[][] gradient = new double[8][3];
        loss.of(examples, vectors, gradient);
        double h = 1e-6;

        for (int row = 0; row < 8; row++) {
            for (int i = 0; i < 3; i++) {
                double at = vectors[row][i];
                vectors[row][i] = at + h;
                double up = loss.of(examples, vectors, new double[8][3]);
                vectors[row][i] = at - h;
                double down = loss.of(examples, vectors, new double[8][3]);
                vectors[row][i] = at;
                assertThat(gradient[row][i]).isCloseTo((up - down) / (2 * h), within(1e-7));
            }
        }
    }

    @Test
    void ranking_ofTwoOrthogonalPairs_isWorkedOut() {
        double[][] vectors = {{2, 0}, {3, 0}, {0, 1}, {0, 5}};

        double loss = EmbeddingLoss.ranking(0.5)
                .of(List.of(pair(0, 1, -1, NONE), pair(2, 3, -1, NONE)), vectors, new double[4][2]);

        // Scores 1 / 0.5 = 2 and 0: -log(e^2 / (e^2 + 1)).
        assertThat(loss).isCloseTo(Math.log(1 + Math.exp(-2)), within(1e-12));
    }

    @Test
    void nested_isTheWeightedSumOfTheLossesOfTheFirstNumbers() {
        double[][] vectors = {{2, 0, 5}, {3, 0, 1}, {0, 1, 4}, {0, 5, -7}};
        EmbeddingLoss nested = EmbeddingLoss.nested(EmbeddingLoss.ranking(0.5), Map.of(2, 3.0));
        double[][] gradient = new double[4][3];

        double loss = nested.of(List.of(pair(0, 1, -1, NONE), pair(2, 3, -1, NONE)), vectors, gradient);

        // The first two numbers are those of the test above.
        assertThat(loss).isCloseTo(3 * Math.log(1 + Math.exp(-2)), within(1e-12));
        assertThat(gradient[0][2]).isZero();
    }

    @Test
    void ranking_takesNeitherItsGroupNorTheSameTextForNegatives() {
        double[][] vectors = {{1, 0}, {1, 1}, {0, 1}, {0.5, 1}};
        double[][] gradient = new double[4][2];

        double ofAGroup =
                EmbeddingLoss.ranking(1).of(List.of(pair(0, 1, 2, NONE), pair(2, 3, 2, NONE)), vectors, gradient);
        double ofOneText =
                EmbeddingLoss.ranking(1).of(List.of(pair(0, 1, -1, NONE), pair(2, 1, -1, NONE)), vectors, gradient);

        assertThat(ofAGroup).isZero();
        assertThat(ofOneText).isZero();
        assertThat(gradient).isDeepEqualTo(new double[4][2]);
    }

    @Test
    void triplet_beyondItsMargin_learnsNothing() {
        double[][] vectors = {{1, 0}, {1, 0}, {0, 1}};
        double[][] gradient = new double[3][2];

        double loss = EmbeddingLoss.triplet(0.9).of(List.of(pair(0, 1, -1, 2)), vectors, gradient);

        assertThat(loss).isZero();
        assertThat(gradient).isDeepEqualTo(new double[3][2]);
    }
}
