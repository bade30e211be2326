/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;

/** What reports compute themselves, against hand calculations. */
class MeasuresTest {

    @Test
    void shareInterval_isWilsons() {
        // z = 1.96: (0.5 + z^2/20 -+ z sqrt(0.025 + z^2/400)) / (1 + z^2/10), z^2 = 3.8415
        ShareInterval half = ShareInterval.of(5, 10);
        assertThat(half.low()).isEqualTo(0.2366, within(1e-4));
        assertThat(half.high()).isEqualTo(0.7634, within(1e-4));
        // All right: low = 1 / (1 + z^2/n)
        assertThat(ShareInterval.of(10, 10).low()).isEqualTo(1 / 1.38415, within(1e-4));
        assertThat(ShareInterval.of(10, 10).high()).isEqualTo(1, within(1e-12));
        assertThat(ShareInterval.of(0, 10).ends()).isEqualTo("0.0 to 27.8 %");
    }

    @Test
    void confidence_isCountedInFifteenBins() {
        // 0.95, 0.97 in the last bin: mean 0.96, half right. 0.1 in the second bin (1/15, 2/15], wrong.
        Confidence found =
                Confidence.of(new float[] {0.95f, 0.97f, 0.1f, 0.1f}, new boolean[] {true, false, false, false});

        assertThat(found.bins()).hasSize(2);
        assertThat(found.bins().get(0).from()).isEqualTo(1.0 / 15);
        assertThat(found.bins().get(0).examples()).isEqualTo(2);
        assertThat(found.bins().get(1).confidence()).isEqualTo(0.96, within(1e-6));
        assertThat(found.bins().get(1).accuracy()).isEqualTo(0.5);
        // 2/4 * |0.96 - 0.5| + 2/4 * |0.1 - 0|
        assertThat(found.expectedError()).isEqualTo(0.28, within(1e-6));
    }

    @Test
    void confidence_takesBothEndsOfTheRange() {
        Confidence found = Confidence.of(new float[] {0, 1}, new boolean[] {false, true});

        assertThat(found.bins()).extracting(Confidence.Bin::examples).containsExactly(1L, 1L);
        assertThat(found.expectedError()).isZero();
    }

    @Test
    void coverage_keepsEqualProbabilitiesTogether() {
        Confidence found = Confidence.of(new float[] {0.9f, 0.5f, 0.5f, 0.8f}, new boolean[] {true, true, false, true});

        assertThat(found.coverage()).extracting(Confidence.Coverage::share).containsExactly(0.25, 0.5, 1.0);
        assertThat(found.coverage()).extracting(Confidence.Coverage::accuracy).containsExactly(1.0, 1.0, 0.75);
        assertThat(found.reaching(0.99))
                .hasValueSatisfying(at -> assertThat(at.share()).isEqualTo(0.5));
        assertThat(found.reaching(0.75))
                .hasValueSatisfying(at -> assertThat(at.share()).isEqualTo(1));
        assertThat(Confidence.of(new float[] {0.9f}, new boolean[] {false}).reaching(0.5))
                .isEmpty();
    }

    @Test
    void predictedLabels_tellAccuracyAndThresholdOfTheSurestAnswers() {
        // Right, right, wrong, right, wrong, by falling probability; the two of 0.6 are given together.
        PredictedLabels found = PredictedLabels.of(
                List.of("a", "a", "b", "a", "b"),
                List.of(
                        Map.of("a", 0.9, "b", 0.1),
                        Map.of("a", 0.8, "b", 0.2),
                        Map.of("a", 0.7, "b", 0.3),
                        Map.of("a", 0.6, "b", 0.4),
                        Map.of("a", 0.6, "b", 0.4)));

        assertThat(found.accuracyAt(0.2)).isEqualTo(1);
        assertThat(found.accuracyAt(0.4)).isEqualTo(1);
        assertThat(found.thresholdAt(0.4)).isEqualTo(0.8, within(1e-6));
        assertThat(found.accuracyAt(0.41)).isEqualTo(2 / 3.0, within(1e-12));
        assertThat(found.accuracyAt(0.6)).isEqualTo(2 / 3.0, within(1e-12));
        assertThat(found.accuracyAt(0.8)).isEqualTo(0.6, within(1e-12));
        assertThat(found.accuracyAt(1)).isEqualTo(0.6, within(1e-12));
        assertThat(found.thresholdAt(1)).isEqualTo(0.6, within(1e-6));
        // Bins of a fifteenth: 0.9 |0.9 - 1|, 0.8 |0.8 - 1|, 0.7 |0.7 - 0|, twice 0.6 |0.6 - 0.5|.
        assertThat(found.calibrationError()).isEqualTo((0.1 + 0.2 + 0.7 + 2 * 0.1) / 5, within(1e-6));
        assertThatThrownBy(() -> found.accuracyAt(0)).hasMessageContaining("share = 0.0, expected a number above 0");
    }

    @Test
    void labelOrder_putsConfusedLabelsBesideEachOther() {
        // 0 with 3, 1 with 4, 2 with none.
        long[][] confusion = {
            {8, 0, 0, 2, 0},
            {0, 9, 0, 0, 1},
            {0, 0, 9, 0, 0},
            {3, 0, 0, 7, 0},
            {0, 2, 0, 0, 8}
        };

        int[] order = LabelOrder.of(confusion);

        assertThat(order).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
        assertThat(distance(order, 0, 3)).isEqualTo(1);
        assertThat(distance(order, 1, 4)).isEqualTo(1);
        assertThat(ConfusionCounts.of(confusion).mostConfused(2)).containsExactly(0, 3);
        assertThat(ConfusionCounts.of(confusion).part(new int[] {3, 0})).isDeepEqualTo(new long[][] {{7, 3}, {2, 8}});
    }

    @Test
    void confusionCounts_areThoseOfTheTable() {
        ConfusionCounts counts = ConfusionCounts.of(3, new int[] {0, 0, 0, 1, 2}, new int[] {0, 1, 1, 1, 0});

        assertThat(counts.part(new int[] {0, 1, 2})).isDeepEqualTo(new long[][] {{1, 2, 0}, {0, 1, 0}, {1, 0, 0}});
        assertThat(counts.support(0)).isEqualTo(3);
        assertThat(counts.given(1)).isEqualTo(3);
        assertThat(counts.confused())
                .containsExactly(new ConfusionCounts.Confused(0, 1, 2), new ConfusionCounts.Confused(2, 0, 1));
    }

    @Test
    void labelOrder_ofAChain_isTheChain() {
        // 0-2, 2-1, 1-3: each is confused with its neighbors only.
        long[][] confusion = new long[4][4];
        IntStream.range(0, 4).forEach(i -> confusion[i][i] = 10);
        confusion[0][2] = 4;
        confusion[2][1] = 3;
        confusion[1][3] = 4;

        int[] order = LabelOrder.of(confusion);

        assertThat(List.of(List.of(0, 2, 1, 3), List.of(3, 1, 2, 0)))
                .contains(IntStream.of(order).boxed().toList());
    }

    private static int distance(int[] order, int a, int b) {
        List<Integer> list = IntStream.of(order).boxed().toList();
        return Math.abs(list.indexOf(a) - list.indexOf(b));
    }

    @Test
    void predictedLabels_countConfusion_andSortTheWorst() {
        PredictedLabels found = PredictedLabels.ofTexts(
                List.of(text("one", "b"), text("two", "a"), text("three", "a")),
                List.of(given("b", 0.9, "a", 0.1), given("b", 0.6, "a", 0.4), given("b", 0.8, "a", 0.2)));

        assertThat(found.labels()).containsExactly("a", "b");
        assertThat(found.confusion()).isDeepEqualTo(new long[][] {{0, 2}, {0, 1}});
        assertThat(found.worst(5)).containsExactly(2, 1);
        assertThat(found.text(2)).isEqualTo("three");
        assertThat(found.scores(2)).containsExactly(1.0, 0.0);
        assertThat(found).hasToString("PredictedLabels[3 examples of 2 labels, accuracy 0.3333]");
    }

    @Test
    void predictedLabels_ofANetwork_areThoseOfMaps() {
        PredictedLabels found =
                PredictedLabels.of(List.of("x", "y"), new int[] {1, 0}, new double[][] {{0.2, 0.8}, {0.4, 0.6}});

        assertThat(found.labels()).containsExactly("x", "y");
        assertThat(found.confusion()).isDeepEqualTo(new long[][] {{0, 1}, {0, 1}});
        assertThat(found.probabilityOfRight(1)).isEqualTo(0.4, within(1e-6));
    }

    @Test
    void predictedLabels_ofALabelThatTheModelDoesNotKnow_haveNoProbability() {
        PredictedLabels found = PredictedLabels.of(List.of("new"), List.of(Map.of("a", 1.0)));

        assertThat(found.probabilityOfRight(0)).isNull();
        assertThat(found.confusion()).isDeepEqualTo(new long[][] {{0, 0}, {1, 0}});
    }

    @Test
    void predictedLabels_refuseWhatDoesNotFit() {
        assertThatThrownBy(() -> PredictedLabels.of(List.of("a"), List.of()))
                .hasMessageContaining("1 examples and 0 predictions");
        assertThatThrownBy(() -> PredictedLabels.of(List.of("a", "b"), List.of(Map.of("a", 1.5), Map.of())))
                .hasMessageContaining("1.5")
                .hasMessageContaining("example 1 has no score");
        assertThatThrownBy(() -> PredictedLabels.ofTexts(
                        List.of(new LabeledText("t", List.of("a", "b"))), List.of(given("a", 1, "b", 0))))
                .hasMessageContaining("has 2 labels");
        assertThatThrownBy(() -> PredictedLabels.of(List.of("x", "x"), new int[] {2}, new double[][] {{1}}))
                .hasMessageContaining("named twice")
                .hasMessageContaining("truth[0] = 2")
                .hasMessageContaining("row 0 has 1");
    }

    static LabeledText text(String text, String label) {
        return new LabeledText(text, List.of(label));
    }

    static Prediction given(String first, double score, String second, double other) {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put(first, score);
        scores.put(second, other);
        return new Prediction(List.of(first), scores);
    }

    @Test
    void longLines_areTheMeansOfTheirPieces() {
        List<Double> values =
                IntStream.range(0, 600).mapToObj(i -> (double) (i % 2)).toList();

        var thinned = Thinned.of("loss", values);

        assertThat(thinned.y()).hasSize(300).allMatch(value -> value == 0.5);
        assertThat(thinned.x()).startsWith(1.5, 3.5);
        assertThat(thinned.name()).isEqualTo("loss (means of 2)");
        assertThat(Thinned.of("loss", values.subList(0, 3)).y()).containsExactly(0.0, 1.0, 0.0);
    }
}
