/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.text.TinyEncoder;

/** Where tokens stand in their texts, counted in Java characters: an emoji has two. */
class TokenSpansTest {

    private static List<String> pieces(TokenizedText tokens, String... texts) {
        List<String> pieces = new ArrayList<>();
        for (int i = 0; i < tokens.length(); i++) {
            int from = tokens.spans()[2 * i];
            pieces.add(from < 0 ? null : texts[tokens.typeIds()[i]].substring(from, tokens.spans()[2 * i + 1]));
        }
        return pieces;
    }

    @Test
    void ofATextAPairAndWords() {
        String emoji = "\uD83D\uDE00 Played";
        String other = "in Z\u00FCrich";
        try (HuggingFaceTextTokenizer tokenizer = TinyEncoder.tokenizer()) {
            assertThat(pieces(tokenizer.tokenize(emoji), emoji))
                    .containsExactly(null, "\uD83D\uDE00", "Play", "ed", null);
            assertThat(pieces(tokenizer.tokenizePair(emoji, other), emoji, other))
                    .startsWith(null, "\uD83D\uDE00", "Play", "ed", null, "in")
                    .endsWith((String) null);
            TokenizedText words = tokenizer.tokenizeWords(List.of("film", "Played"));
            // Of words they count from the start of the word.
            assertThat(words.spans()).containsExactly(-1, -1, 0, 4, 0, 4, 4, 6, -1, -1);
        }
    }

    @Test
    void tokensWithoutPlaces_haveNone_andAWrongNumberIsRefused() {
        assertThat(new TokenizedText(new int[] {1}, new int[] {0}, new int[] {0}, false).spans())
                .isEmpty();
        assertThatThrownBy(() -> new TokenizedText(new int[] {1}, new int[] {0}, new int[] {0}, new int[] {0}, false))
                .hasMessageContaining("1 ends of spans");
    }
}
