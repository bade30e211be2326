/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The steps of the algorithms on numbers that can be followed by hand. */
class PruningAndJoiningTest {

    private static final Supplier<boolean[]> NO_MASK = () -> {
        throw new AssertionError("a mask was asked for");
    };

    @Test
    void magnitude_keepsTheLargestInSize() {
        assertThat(Pruning.MAGNITUDE.prune(new double[] {1, -4, 0.5, 3}, 0.5, NO_MASK))
                .containsExactly(0, -4, 0, 3);
    }

    @Test
    void magnitude_ofEqualSizes_keepsTheFirst() {
        assertThat(Pruning.MAGNITUDE.prune(new double[] {2, -2, 5, 2}, 0.5, NO_MASK))
                .containsExactly(2, 0, 5, 0);
    }

    @ParameterizedTest
    @CsvSource({"0.1, 0", "0.3, 1", "0.74, 2", "0.75, 3", "1, 4"})
    void magnitude_cutsTheNumberOff(double density, int kept) {
        double[] pruned = Pruning.MAGNITUDE.prune(new double[] {1, 2, 3, 4}, density, NO_MASK);

        assertThat(Arrays.stream(pruned).filter(value -> value != 0).count()).isEqualTo(kept);
    }

    @Test
    void random_enlargesWhatStays() {
        double[] pruned =
                Pruning.RANDOM.prune(new double[] {1, 2, 3, 4}, 0.5, () -> new boolean[] {true, false, false, true});

        assertThat(pruned).containsExactly(2, 0, 0, 8);
    }

    @Test
    void random_withDensityOne_drawsNothing() {
        assertThat(Pruning.RANDOM.prune(new double[] {1, 2}, 1, NO_MASK)).containsExactly(1, 2);
    }

    @Test
    void pruning_leavesTheTensorAsItWas() {
        double[] tensor = {1, -4, 0.5, 3};

        Pruning.MAGNITUDE.prune(tensor, 0.5, NO_MASK);
        Pruning.RANDOM.prune(tensor, 0.5, () -> new boolean[4]);

        assertThat(tensor).containsExactly(1, -4, 0.5, 3);
    }

    @Test
    void sum_weighsEachTensor() {
        assertThat(Joining.SUM.join(
                        List.of(new double[] {1, 2}, new double[] {10, 20}),
                        new double[] {2, -0.5},
                        MajoritySign.TOTAL))
                .containsExactly(-3, -6);
    }

    @Test
    void elected_takesTheMeanOfThoseThatAgree() {
        // Sums 3, -3: elected plus, minus. Weighted means: (2*1 + 1*3)/2, then only -4 and -1 of weights 1 and 3.
        double[] joined = Joining.ELECTED.join(
                List.of(new double[] {1, 2}, new double[] {3, -4}, new double[] {-1, -1}),
                new double[] {2, 1, 3},
                MajoritySign.TOTAL);

        assertThat(joined).containsExactly(2.5, -3.5);
    }

    @Test
    void elected_byFrequency_countsHeadsNotSizes() {
        List<double[]> tensors = List.of(new double[] {-9}, new double[] {1}, new double[] {2});
        double[] weights = {1, 1, 1};

        assertThat(Joining.ELECTED.join(tensors, weights, MajoritySign.TOTAL)).containsExactly(-9);
        assertThat(Joining.ELECTED.join(tensors, weights, MajoritySign.FREQUENCY))
                .containsExactly(1.5);
    }

    @Test
    void elected_withoutAMajority_isPositive() {
        assertThat(Joining.ELECTED.join(
                        List.of(new double[] {2}, new double[] {-2}), new double[] {1, 1}, MajoritySign.TOTAL))
                .containsExactly(2);
    }

    @Test
    void elected_whereAllWerePruned_isZero() {
        assertThat(Joining.ELECTED.join(
                        List.of(new double[] {0}, new double[] {0}), new double[] {1, 1}, MajoritySign.FREQUENCY))
                .containsExactly(0);
    }
}
