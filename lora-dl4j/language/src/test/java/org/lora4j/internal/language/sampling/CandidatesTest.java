/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CandidatesTest {

    private static final double OUT = Double.NEGATIVE_INFINITY;

    private final Candidates candidates = new Candidates();

    @Test
    void tokens_areFoundAfterAFilter() {
        candidates.start(new double[] {1, 8, 2, 6, -4});
        candidates.keepBest(3);

        candidates.ban(3);
        candidates.penalize(1, 2);
        candidates.penalize(0, 2);
        candidates.ban(99);

        assertThat(candidates.processed().logits()).containsExactly(OUT, 4, 2, OUT, OUT);
    }

    @Test
    void start_afterALargerVocabulary_hasNothingOfIt() {
        candidates.start(new double[] {1, 8, 2, 6});
        candidates.keepBest(2);
        candidates.start(new double[] {3, 1});

        assertThat(candidates.best()).isZero();
        assertThat(candidates.processed().logits()).containsExactly(3, 1);
    }
}
