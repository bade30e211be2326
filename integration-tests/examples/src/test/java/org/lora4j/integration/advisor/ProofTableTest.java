/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProofTableTest {

    private static final double ROUNDING = 1e-12;

    private static ProofTrial trial(long seed, double rate, int rank, double validation, double test) {
        return new ProofTrial("t", seed, rate, rank, 100, validation, test, 1);
    }

    /** Two rates and two ranks on three draws: rate 1e-3 validates best, and rank 16 tests best at 0.80, 0.82, 0.84. */
    private static List<ProofTrial> sweep() {
        List<ProofTrial> sweep = new ArrayList<>();
        for (int seed = 1; seed <= 3; seed++) {
            sweep.add(trial(seed, 1e-4, 8, 0.6, 0.7));
            sweep.add(trial(seed, 1e-3, 8, 0.7, 0.76));
            sweep.add(trial(seed, 1e-3, 16, 0.6, 0.78 + 0.02 * seed));
        }
        return sweep;
    }

    private static ProofTable table(int steps, double... tests) {
        List<ProofSuggestion> suggestions = new ArrayList<>();
        List<ProofTrial> finals = new ArrayList<>();
        for (int i = 0; i < tests.length; i++) {
            suggestions.add(new ProofSuggestion("t", i + 1, 2e-3, 8, steps, 0, "words"));
            finals.add(trial(i + 1, 2e-3, 8, 0, tests[i]));
        }
        return new ProofTable("t", sweep(), suggestions, finals);
    }

    @Test
    void bestRate_isTheOneThatValidatesBest() {
        assertThat(ProofTable.bestRate(sweep())).isEqualTo(1e-3);
    }

    @Test
    void standardError_isThatOfTheMeanOfPairs() {
        // Mean 2, squares 1 + 0 + 1 over 2, over 3: the root of 1/3.
        assertThat(ProofTable.standardError(new double[] {1, 2, 3})).isCloseTo(Math.sqrt(1.0 / 3), within(ROUNDING));
        assertThat(ProofTable.standardError(new double[] {0.5, 0.5, 0.5})).isZero();
    }

    @Test
    void isGood_withinHalfAPointOrAStandardErrorOfTheBestCell() {
        // 0.4 points below each; then 0.6.
        assertThat(table(-100, 0.796, 0.816, 0.836).isGood()).isTrue();
        assertThat(table(-100, 0.794, 0.814, 0.834).isGood()).isFalse();
        // -1, 0 and 3 points below: 2/3 on average, and squares of 78/9 over 2 and over 3, a standard error of 1.2
        // points.
        assertThat(table(-100, 0.81, 0.82, 0.81).isGood()).isTrue();
    }

    @Test
    void isGood_withMoreThanAQuarterOfTheSteps_isFalse() {
        // The sweep has 900 steps, the trainings by the suggestions 300.
        assertThat(table(0, 0.80, 0.82, 0.84).isGood()).isFalse();
        assertThat(table(-25, 0.80, 0.82, 0.84).isGood()).isTrue();
        assertThat(table(-24, 0.80, 0.82, 0.84).isGood()).isFalse();
    }

    @Test
    void text_showsTheSweepAndTheVerdict() {
        assertThat(table(0, 0.80, 0.82, 0.84).text())
                .contains("| rate at rank 8 |")
                .contains("| 1e-03 | 70.00 % | 76.00 % | 76.00, 76.00, 76.00 |")
                .contains("| 16 | 60.00 % | 82.00 % | 80.00, 82.00, 84.00 |")
                .contains("Best of the sweep: rate 1e-03, rank 16, 82.00 %")
                .contains("NOT GOOD. Steps: 300 of 900, 33.3 %");
    }
}
