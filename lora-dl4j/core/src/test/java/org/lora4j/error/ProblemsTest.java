/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @Test
    void atLeast_ofASmallerValue_saysTheBound() {
        Problems problems = new Problems();

        problems.atLeast("epochs", 1, 1);
        problems.atLeast("classes", 1, 2);

        assertThat(problems.list()).containsExactly("classes = 1, expected 2 or more");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void finiteAboveZero_ofAnotherValue_isAProblem(double value) {
        Problems problems = new Problems();

        problems.finiteAboveZero("rate", value);

        assertThat(problems.list()).containsExactly("rate = " + value + ", expected a finite number above 0");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
    void finiteFromZero_ofAnotherValue_isAProblem(double value) {
        Problems problems = new Problems();

        problems.finiteFromZero("decay", value);

        assertThat(problems.list()).containsExactly("decay = " + value + ", expected a finite number, 0 or above");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.5, 1, Double.NaN})
    void fraction_ofAnotherValue_isAProblem(double value) {
        Problems problems = new Problems();

        problems.fraction("dropout", value);

        assertThat(problems.list()).containsExactly("dropout = " + value + ", expected [0, 1)");
    }

    @Test
    void rangeChecks_ofTheBoundsThemselves_addNothing() {
        Problems problems = new Problems();

        problems.finiteAboveZero("rate", Double.MIN_VALUE);
        problems.finiteFromZero("decay", 0);
        problems.fraction("dropout", 0);

        assertThat(problems.isEmpty()).isTrue();
    }

    @Test
    void isFull_fromTheTenthProblem_isTrue() {
        Problems problems = new Problems();
        problems.addAll(IntStream.range(0, 9).mapToObj(i -> "p" + i).toList());
        boolean afterNine = problems.isFull();

        problems.add("p9");

        assertThat(afterNine).isFalse();
        assertThat(problems.isFull()).isTrue();
    }

    @Test
    void throwIfAny_withProblems_throwsTheMessage() {
        Problems problems = new Problems();
        problems.add("a");
        problems.add("b");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> problems.throwIfAny("AdamW"))
                .withMessage("AdamW: 2 problems: a; b");
    }

    @Test
    void throwIfAny_withoutProblems_returns() {
        assertThatCode(() -> new Problems().throwIfAny("AdamW")).doesNotThrowAnyException();
    }

    @Test
    void byReason_tellsEachReasonOnce_withSomeOfItsNames() {
        Map<String, String> reasons = new LinkedHashMap<>();
        reasons.put("a", "no weights");
        for (int i = 0; i < 12; i++) {
            reasons.put("bn" + i, "no adapters");
        }
        reasons.put("b", "no weights");

        assertThat(Problems.byReason(reasons.entrySet()))
                .containsExactly(
                        "a, b: no weights",
                        "bn0, bn1, bn2, bn3, bn4, bn5, bn6, bn7, bn8, bn9, and 2 more: no adapters");
        assertThat(Problems.byReason(List.of())).isEmpty();
    }
}
