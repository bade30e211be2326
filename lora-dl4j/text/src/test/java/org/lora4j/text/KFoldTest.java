/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KFoldTest {

    private static final List<Integer> NUMBERS = IntStream.range(0, 23).boxed().toList();

    @Test
    void byLabel_dealsEachExampleOnce_andLabelsEvenly() {
        KFold<Integer> folds = KFold.byLabel(NUMBERS, i -> i < 10, 5, 3);

        Set<Integer> seen = new HashSet<>();
        for (Split<List<Integer>> split : folds.splits()) {
            assertThat(split.validation()).hasSizeBetween(4, 5).doesNotContainAnyElementsOf(split.train());
            assertThat(split.validation()).filteredOn(i -> i < 10).hasSize(2);
            assertThat(split.train().size() + split.validation().size()).isEqualTo(23);
            seen.addAll(split.validation());
        }
        assertThat(seen).containsExactlyInAnyOrderElementsOf(NUMBERS);
        assertThat(KFold.byLabel(NUMBERS, i -> i < 10, 5, 3).splits()).isEqualTo(folds.splits());
        assertThat(KFold.byLabel(NUMBERS, i -> i < 10, 5, 4).splits()).isNotEqualTo(folds.splits());
    }

    @Test
    void byGroup_keepsGroupsTogether() {
        for (Split<List<Integer>> split :
                KFold.byGroup(NUMBERS, i -> i / 4, 3, 1).splits()) {
            Set<Integer> groups = new HashSet<>();
            split.validation().forEach(i -> groups.add(i / 4));
            assertThat(split.train()).noneMatch(i -> groups.contains(i / 4));
            assertThat(split.validation()).hasSizeBetween(7, 8);
        }
        assertThatThrownBy(() -> KFold.byGroup(NUMBERS, i -> 0, 2, 1))
                .hasMessageContaining("1 groups; expected 2 or more");
        assertThatThrownBy(() -> KFold.byLabel(NUMBERS, i -> 0, 1, 1))
                .hasMessageContaining("k = 1, expected 2 or more");
        assertThatThrownBy(() -> KFold.byLabel(NUMBERS, i -> 0, 24, 1))
                .hasMessageContaining("23 examples, expected 24 or more");
    }

    @Test
    void evaluate_fitsATaskForEachPart() {
        TextEncoder encoder = TinyEncoder.create();
        List<LabeledText> examples = TinyEncoder.reviews(40, 1);

        KFold.Result<LabelEvaluation> result = KFold.byLabel(examples, LabeledText::labels, 4, 7)
                .evaluate(() -> TextClassifier.builder(encoder).headOnly().build());

        assertThat(result.folds()).extracting(LabelEvaluation::examples).containsExactly(10L, 10L, 10L, 10L);
        assertThat(result.mean(LabelEvaluation::accuracy)).isGreaterThan(0.8);
        encoder.close();
    }

    @Test
    void result_hasMeanAndDeviation() {
        KFold.Result<Double> result = new KFold.Result<>(List.of(1.0, 2.0, 6.0));

        // Mean 3; squares 4, 1, 9 divided by 2.
        assertThat(result.mean(value -> value)).isCloseTo(3, within(1e-12));
        assertThat(result.deviation(value -> value)).isCloseTo(Math.sqrt(7), within(1e-12));
    }
}
