/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProblemsTest {

    @Test
    void message_ofOneProblem_hasNoCount() {
        Problems problems = new Problems();
        problems.add("rank = 0, expected 1 or more");

        assertThat(problems.message("LoraConfig")).isEqualTo("LoraConfig: rank = 0, expected 1 or more");
    }

    @Test
    void message_ofTwelveProblems_showsTenAndCountsTheRest() {
        Problems problems = new Problems();
        problems.addAll(IntStream.range(0, 12).mapToObj(i -> "p" + i).toList());

        assertThat(problems.message("file"))
                .isEqualTo("file: 12 problems: p0; p1; p2; p3; p4; p5; p6; p7; p8; p9; and 2 more");
    }

    @Test
    void check_thatHolds_addsNothing() {
        Problems problems = new Problems();
        problems.check(true, "never");

        assertThat(problems.isEmpty()).isTrue();
    }

    @Test
    void quoted_ofNames_quotesEach() {
        assertThat(Problems.quoted(List.of("a", "b c"))).isEqualTo("\"a\", \"b c\"");
    }

    @Test
    void quoted_ofNothing_saysNone() {
        assertThat(Problems.quoted(List.of())).isEqualTo("none");
    }
}
