/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainTextTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Where is my card?",
                " where  is\tmy card ",
                "WHERE is my card!!",
                "where is my, card",
                "where\u00a0is my \uff43ard"
            })
    void caseSpacesAndPunctuation_areLeftOut(String text) {
        assertThat(PlainText.of(text)).isEqualTo("where is my card");
    }

    @Test
    void whatTellsTextsApart_isKept() {
        assertThat(PlainText.of("C++")).isNotEqualTo(PlainText.of("C"));
        assertThat(PlainText.of("स्वागत है")).isEqualTo("स्वागत है");
        assertThat(PlainText.of("?!")).isEqualTo("?!");
        assertThat(PlainText.of("")).isEmpty();
    }

    @Test
    void alikeness_isTheShareOfCharactersWithoutEdit() {
        assertThat(PlainText.areAlike("0123456789", "0123x56789", 0.9)).isTrue();
        assertThat(PlainText.areAlike("0123456789", "0124356789", 0.9)).isTrue();
        assertThat(PlainText.areAlike("0123456789", "0123x5678y", 0.9)).isFalse();
        assertThat(PlainText.areAlike("012345678", "0123x5678", 0.9)).isFalse();
        assertThat(PlainText.areAlike("", "", 0.9)).isTrue();
        assertThat(PlainText.areAlike("a", "a long text", 0.9)).isFalse();
        assertThat(PlainText.areAlike("x".repeat(400), "x".repeat(400) + "y".repeat(500), 0.9))
                .isFalse();
    }
}
