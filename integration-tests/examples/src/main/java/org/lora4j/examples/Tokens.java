/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.Arrays;
import java.util.List;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.TextEncoder;

/**
 * What an English, uncased tokenizer makes of texts. It leaves out accents, and the vowels of many scripts with them.
 *
 * @param lettersEach letters a token; an English one has about four
 * @param unknown share of the tokens that are [UNK]: words that it has no piece for
 * @param cut share of the texts whose end is left out
 */
public record Tokens(double lettersEach, double unknown, double cut) {

    /** The id of [UNK] in BERT's vocabularies. */
    private static final int UNKNOWN = 100;

    /** Marks at both ends. */
    private static final int ENDS = 2;

    /**
     * Counts.
     *
     * @param encoder an encoder with a vocabulary of BERT's
     * @param texts the texts
     * @return what its tokenizer makes of them
     */
    public static Tokens of(TextEncoder encoder, List<String> texts) {
        long letters = 0;
        long tokens = 0;
        long unknown = 0;
        long cut = 0;
        for (String text : texts) {
            TokenizedText made = encoder.tokens(text);
            int[] spans = made.spans();
            int end = Arrays.stream(spans).max().orElse(0);
            letters += text.substring(0, Math.max(0, end))
                    .codePoints()
                    .filter(Character::isLetter)
                    .count();
            tokens += made.length() - ENDS;
            unknown += Arrays.stream(made.ids()).filter(id -> id == UNKNOWN).count();
            cut += made.cut() ? 1 : 0;
        }
        return new Tokens((double) letters / tokens, (double) unknown / tokens, (double) cut / texts.size());
    }
}
