/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lora4j.advice.Bracket.Rung;

class RankArithmeticTest {

    private static final double ROUNDING = 1e-12;

    @Test
    void goraRanks_followShareOverRootOfSides() {
        // sqrt(9) = 3, sqrt(16) = 4, sqrt(25) = 5: the budget is 8 * 12 = 96. Shares 1/2, 1/4, 1/4: 48 / 3 = 16, 24 / 4
        // = 6,
        // 24 / 5 = 4.8, rounded to 5.
        assertThat(RankBudget.ranks(new double[] {2, 1, 1}, new long[] {9, 16, 25}, 8, 1, 64))
                .containsExactly(16, 6, 5);
    }

    @Test
    void goraRanks_areKeptWithinBounds() {
        // As above with 4 to 12: 16 becomes 12; with 6 to 12 also 4.8 becomes 6. What is cut off is not given to
        // others.
        assertThat(RankBudget.ranks(new double[] {2, 1, 1}, new long[] {9, 16, 25}, 8, 4, 12))
                .containsExactly(12, 6, 5);
        assertThat(RankBudget.ranks(new double[] {2, 1, 1}, new long[] {9, 16, 25}, 8, 6, 12))
                .containsExactly(12, 6, 6);
    }

    @Test
    void goraRanks_ofEqualModules_areTheReference() {
        assertThat(RankBudget.ranks(new double[] {3, 3}, new long[] {100, 100}, 8, 4, 32))
                .containsExactly(8, 8);
        // A half is rounded up: 4 * 2 * 5/8 = 5, 4 * 2 * 3/8 = 3; with reference 3: 3.75 and 2.25.
        assertThat(RankBudget.ranks(new double[] {5, 3}, new long[] {100, 100}, 4, 1, 32))
                .containsExactly(5, 3);
        assertThat(RankBudget.ranks(new double[] {5, 3}, new long[] {100, 100}, 3, 1, 32))
                .containsExactly(4, 2);
        // 2 * 2 * 5/8 = 2.5.
        assertThat(RankBudget.ranks(new double[] {5, 3}, new long[] {100, 100}, 2, 1, 32)[0])
                .isEqualTo(3);
    }

    @Test
    void goraRank_ofAModuleWithoutGradient_isTheLeast() {
        assertThat(RankBudget.ranks(new double[] {1, 0}, new long[] {4, 4}, 8, 4, 32))
                .containsExactly(16, 4);
    }

    @Test
    void effectiveRank_countsEqualValues() {
        assertThat(RankBudget.effectiveRank(new double[] {3, 3, 3, 0})).isCloseTo(3, within(ROUNDING));
        assertThat(RankBudget.effectiveRank(new double[] {5})).isCloseTo(1, within(ROUNDING));
        // Shares 3/4 and 1/4: e^(3/4 ln(4/3) + 1/4 ln 4) = (4/3)^(3/4) * 4^(1/4) = 1.7547653506
        assertThat(RankBudget.effectiveRank(new double[] {3, 1})).isCloseTo(1.7547653506, within(1e-10));
        assertThat(RankBudget.effectiveRank(new double[] {0, 0})).isZero();
    }

    @Test
    void bracket_halvesCandidatesAndDoublesSteps() {
        // 240 steps in three rungs of 80.
        assertThat(Bracket.of(8, 240)).containsExactly(new Rung(8, 10), new Rung(4, 20), new Rung(2, 40));
    }

    @Test
    void bracket_ofAnOddNumber_keepsTheLargerHalf() {
        // 7, 4, 2: 252 / 3 = 84.
        assertThat(Bracket.of(7, 252)).containsExactly(new Rung(7, 12), new Rung(4, 21), new Rung(2, 42));
        assertThat(Bracket.of(3, 60)).containsExactly(new Rung(3, 10), new Rung(2, 15));
        assertThat(Bracket.of(2, 1)).containsExactly(new Rung(2, 1));
    }
}
