/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FoldsTest {

    private final int[] labels =
            IntStream.range(0, 53).map(i -> i % 7 == 0 ? 1 : 0).toArray();

    @Test
    void fold_hasItsShareOfEachClass() {
        Folds folds = Folds.of(labels, 4, 9);

        for (int fold = 0; fold < 4; fold++) {
            int[] rows = folds.heldOut(fold);
            assertThat(IntStream.of(rows).filter(i -> labels[i] == 1).count()).isEqualTo(2);
            assertThat(rows.length).isBetween(13, 14);
            assertThat(folds.learnedFrom(fold))
                    .hasSize(labels.length - rows.length)
                    .doesNotContain(rows);
        }
    }

    @Test
    void sameSeed_dealsTheSame_andAnotherDealsOtherwise() {
        assertThat(Folds.of(labels, 4, 9).heldOut(0))
                .isEqualTo(Folds.of(labels, 4, 9).heldOut(0));
        assertThat(Folds.of(labels, 4, 10).heldOut(0))
                .isNotEqualTo(Folds.of(labels, 4, 9).heldOut(0));
    }
}
