/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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

    /** One of ten characters. */
    @Test
    void likeness_isTheShareOfCharactersWithoutEdit() {
        assertThat(PlainText.likeness("0123456789", "0123x56789")).isCloseTo(0.9, within(1e-12));
        assertThat(PlainText.likeness("", "")).isEqualTo(1);
        assertThat(PlainText.likeness("a", "a long text")).isZero();
    }
}
