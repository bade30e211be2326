/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TellingWordsTest {

    /**
     * "visa" in none of 100 and 40 of 100 texts, a prior of 100 * 40 / 200 = 20: log(60 / 140) - log(20 / 180) over
     * the root of 1 / 20 + 1 / 180 + 1 / 60 + 1 / 140; "card" is the reverse.
     */
    @Test
    void deviations_areTheLogOddsWithPriorOverTheirDeviation() {
        List<String> first = Collections.nCopies(100, "where is my card");
        List<String> second = Stream.concat(
                        Collections.nCopies(40, "where is my visa visa").stream(),
                        Collections.nCopies(60, "where is my card").stream())
                .toList();

        List<TellingWords> words = TellingWords.of(first, second, 3, 5);

        double expected =
                (Math.log(60.0 / 140) - Math.log(20.0 / 180)) / Math.sqrt(1 / 20.0 + 1 / 180.0 + 1 / 60.0 + 1 / 140.0);
        assertThat(words).extracting(TellingWords::word).containsExactlyInAnyOrder("card", "visa");
        assertThat(words).filteredOn(word -> word.word().equals("visa")).first().satisfies(word -> {
            assertThat(word.first()).isZero();
            assertThat(word.second()).isEqualTo(40);
            assertThat(word.deviations()).isCloseTo(expected, within(1e-9));
        });
    }
}
