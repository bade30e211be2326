/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** BM25 against a calculation by hand. */
class WordSearchTest {

    @Test
    void scores_areThoseOfTheFormula() {
        WordSearch search = new WordSearch(List.of("heart heart attack", "heart", "a kidney"));

        double[] scores = search.scores("Heart attack?");

        // Mean length 2. heart: in 2 of 3, ln(1 + 1.5/2.5); attack: in 1 of 3, ln(1 + 2.5/1.5).
        double heart = Math.log(1 + 1.5 / 2.5);
        double attack = Math.log(1 + 2.5 / 1.5);
        double first = 1.2 * (0.25 + 0.75 * 3 / 2);
        assertThat(scores[0]).isEqualTo(heart * 2 * 2.2 / (2 + first) + attack * 2.2 / (1 + first), within(1e-12));
        assertThat(scores[1]).isEqualTo(heart * 2.2 / (1 + 1.2 * (0.25 + 0.75 / 2)), within(1e-12));
        assertThat(scores[2]).isZero();
    }

    @Test
    void reciprocalRank_isThatOfTheFirstRelevantOne() {
        WordSearch search = new WordSearch(List.of("heart heart attack", "heart", "a kidney"));

        assertThat(search.reciprocalRank("heart attack", Set.of(0))).isEqualTo(1);
        assertThat(search.reciprocalRank("heart attack", Set.of(1, 2))).isEqualTo(0.5);
        assertThat(search.reciprocalRank("liver", Set.of(2))).isEqualTo(1.0 / 3, within(1e-12));
    }
}
