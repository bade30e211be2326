/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LetterCoverageTest {

    private static final LetterCoverage LATIN = LetterCoverage.of(List.of("abc de", "Fg, 12!"));

    @Test
    void share_countsLettersInAnyCase_andNothingElse() {
        assertThat(LATIN.share("A b 99")).isEqualTo(1);
        assertThat(LATIN.share("abxy")).isEqualTo(0.5);
        assertThat(LATIN.share("шж, 12")).isZero();
        assertThat(LATIN.share("12, !")).isZero();
    }

    @Test
    void share_countsMarksAndLettersBeyondTheBasicPlane() {
        LetterCoverage tamil = LetterCoverage.of(List.of("கி"));

        // The letter is known and the vowel sign u is not.
        assertThat(tamil.share("கு")).isEqualTo(0.5);
        // Two letters of Adlam, each a pair of Java characters, and one of Latin.
        assertThat(LATIN.share("\uD83A\uDD22\uD83A\uDD23a")).isEqualTo(1.0 / 3);
    }

    @Test
    void isKnown_asksForHalfOfTheLetters() {
        assertThat(LATIN.isKnown("abxy")).isTrue();
        assertThat(LATIN.isKnown("abxyz")).isFalse();
        assertThat(LATIN.isKnown("१२३ 12")).isFalse();
        assertThat(LATIN.isKnown("")).isFalse();
    }

    @Test
    void calibrated_isTheHighestThresholdByWhichEnoughTextsAreKnown() {
        // Shares 1, 3/4, 1/2 and 0.
        List<String> heldOut = List.of("abcd", "abcx", "abxy", "wxyz");

        assertThat(LATIN.calibrated(heldOut, 0.5).threshold()).isEqualTo(0.75);
        assertThat(LATIN.calibrated(heldOut, 0.51).threshold()).isEqualTo(0.5);
        assertThat(LATIN.calibrated(heldOut, 1).threshold()).isZero();
        // Nothing of it is known, whatever the threshold.
        assertThat(LATIN.calibrated(heldOut, 1).isKnown("wxyz")).isFalse();
        assertThat(LATIN.threshold()).isEqualTo(0.5);
    }

    @Test
    void of_textsWithoutLetters_saysSo() {
        assertThatThrownBy(() -> LetterCoverage.of(List.of("12")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("LetterCoverage.of: the 1 texts have no letter; expected the texts that are learned from.");
    }

    @Test
    void calibrated_wrongArguments_areToldTogether() {
        assertThatThrownBy(() -> LATIN.calibrated(List.of(), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("heldOut is empty")
                .hasMessageContaining("accepted = 0.0");
    }
}
