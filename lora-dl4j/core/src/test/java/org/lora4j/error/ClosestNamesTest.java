/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosestNamesTest {

    @ParameterizedTest
    @CsvSource({
        "q_porj, q_proj, 1",
        "kitten, sitting, 3",
        "'', abc, 3",
        "abc, '', 3",
        "same, same, 0",
        "abcd, acbd, 1",
        "query, quey, 1"
    })
    void distance_countsSingleEdits(String a, String b, int expected) {
        assertThat(ClosestNames.distance(a, b)).isEqualTo(expected);
        assertThat(ClosestNames.distance(a, b, expected)).isEqualTo(expected);
        assertThat(ClosestNames.distance(a, b, expected - 1)).isGreaterThanOrEqualTo(expected);
    }

    @Test
    void of_aMisspelledName_offersTheNearestFirst() {
        List<String> closest = ClosestNames.of("q_porj", List.of("v_proj", "down", "q_proj", "k_proj"), 2);

        assertThat(closest).containsExactly("q_proj", "k_proj");
    }

    @Test
    void of_aNameUnlikeAll_offersNothing() {
        assertThat(ClosestNames.of("embedding", List.of("fc1", "down"), 3)).isEmpty();
    }

    @Test
    void of_aNameInOtherCase_offersTheName() {
        assertThat(ClosestNames.of("QUERY", List.of("query"), 1)).containsExactly("query");
    }

    @Test
    void hint_forAMisspelledName_offersThree() {
        List<String> names = List.of("fc1", "fc2", "fc3", "fc4", "down");

        assertThat(ClosestNames.hint("fc7", names)).isEqualTo("; closest: \"fc1\", \"fc2\", \"fc3\"");
    }

    @Test
    void hint_forANameUnlikeAll_isEmpty() {
        assertThat(ClosestNames.hint("embedding", List.of("fc1", "down"))).isEmpty();
    }

    @Test
    void of_aNameOfHostileLength_offersNothing() {
        assertThat(ClosestNames.of("q".repeat(201), List.of("q".repeat(200)), 3))
                .isEmpty();
    }
}
