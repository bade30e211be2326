/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ConfidentLearningTest {

    private static final double ROUNDING = 1e-6;

    private static final float[][] PROBABILITIES = {
        {0.90f, 0.10f}, {0.70f, 0.30f}, {0.20f, 0.80f}, {0.10f, 0.90f}, {0.25f, 0.75f}, {0.65f, 0.35f}
    };
    private static final int[] LABELS = {0, 0, 0, 1, 1, 1};

    private final ConfidentLearning learning = new ConfidentLearning(PROBABILITIES, LABELS);

    /** (0.9 + 0.7 + 0.2) / 3 and (0.9 + 0.75 + 0.35) / 3. */
    @Test
    void threshold_isTheMeanProbabilityOfALabelAmongItsRows() {
        assertThat(learning.thresholds()).containsExactly(new double[] {0.6, 2.0 / 3}, within(ROUNDING));
    }

    /** Row 2 reaches only the threshold of class 1, row 5 only that of class 0. */
    @Test
    void joint_countsRowsByLabelAndByTheClassWhoseThresholdTheyReach() {
        assertThat(new int[] {learning.joint(0, 0), learning.joint(0, 1), learning.joint(1, 0), learning.joint(1, 1)})
                .containsExactly(2, 1, 1, 2);
        assertThat(learning.wrong()).isCloseTo(2, within(ROUNDING));
    }

    @Test
    void ranking_beginsWithTheSmallestSelfConfidence() {
        assertThat(learning.ranking()).containsExactly(2, 5, 1, 4, 0, 3);
        assertThat(learning.selfConfidence(5)).isCloseTo(0.35, within(ROUNDING));
        assertThat(learning.otherChoice(5)).isZero();
        assertThat(learning.margin(2)).isCloseTo(-0.6, within(ROUNDING));
    }

    /** The head would give row 1 another label, but finds its own more probable than that of row 0. */
    @Test
    void ranking_isNotByTheMargin() {
        float[][] probabilities = {{0.36f, 0.32f, 0.32f}, {0.45f, 0.55f, 0}, {0, 1, 0}, {0, 0, 1}};
        ConfidentLearning three = new ConfidentLearning(probabilities, new int[] {0, 0, 1, 2});

        assertThat(three.ranking()).startsWith(0, 1);
        assertThat(three.margin(0)).isPositive();
        assertThat(three.margin(1)).isNegative();
    }

    /** Thresholds 0.6, 0.6 and 0.8: row 1 reaches none, the others reach that of their label. */
    @Test
    void rowThatReachesNoThreshold_countsForNoClass() {
        float[][] probabilities = {
            {0.8f, 0.1f, 0.1f}, {0.4f, 0.3f, 0.3f}, {0, 0.6f, 0.4f}, {0.1f, 0.1f, 0.8f}, {0.1f, 0.1f, 0.8f}
        };
        ConfidentLearning three = new ConfidentLearning(probabilities, new int[] {0, 0, 1, 2, 2});

        assertThat(new int[] {three.joint(0, 0), three.joint(1, 1), three.joint(2, 2)})
                .containsExactly(1, 1, 2);
        assertThat(three.wrong()).isZero();
    }

    /** Of three rows labeled 0 one counts for 0 and one for 1: made to add up to three, one and a half are wrong. */
    @Test
    void wrong_isMadeToAddUpToTheRowsOfEachLabel() {
        float[][] probabilities = {
            {0.9f, 0.1f}, {0.1f, 0.9f}, {0.45f, 0.55f}, {0.2f, 0.8f}, {0.15f, 0.85f}, {0.5f, 0.5f}
        };
        // Thresholds: 1.45 / 3 = 0.483 of class 0, 2.15 / 3 = 0.717 of class 1; row 2 reaches neither, row 5 the first.
        ConfidentLearning learning = new ConfidentLearning(probabilities, new int[] {0, 0, 0, 1, 1, 1});

        assertThat(new int[] {learning.joint(0, 0), learning.joint(0, 1)}).containsExactly(1, 1);
        assertThat(new int[] {learning.joint(1, 0), learning.joint(1, 1)}).containsExactly(1, 2);
        assertThat(learning.wrong()).isCloseTo(1.5 + 1, within(ROUNDING));
    }

    /** A row reaches the thresholds of both classes: the more probable one counts. */
    @Test
    void rowThatReachesSeveralThresholds_countsForTheMoreProbableClass() {
        float[][] probabilities = {{0.4f, 0.6f}, {0.3f, 0.7f}, {0.7f, 0.3f}, {0.6f, 0.4f}};

        // Both thresholds are 0.35 for labels 0, 0, 1, 1.
        ConfidentLearning swapped = new ConfidentLearning(probabilities, new int[] {0, 0, 1, 1});

        assertThat(swapped.thresholds()).containsExactly(new double[] {0.35, 0.35}, within(ROUNDING));
        assertThat(new int[] {swapped.joint(0, 1), swapped.joint(1, 0)}).containsExactly(2, 2);
        assertThat(swapped.wrong()).isCloseTo(4, within(ROUNDING));
    }
}
