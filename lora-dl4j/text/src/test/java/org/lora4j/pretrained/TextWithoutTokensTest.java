/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TextWithoutTokensTest {

    /** What a tokenizer without special tokens makes of a text that its normalizer takes away whole. */
    @Test
    void textOfWhichNothingIsLeft_isRefusedInWords() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenizedText(new int[0], new int[0], new int[0], new int[0], false))
                .withMessageStartingWith("TokenizedText: the text has no tokens, nothing of it is left for the model;");
    }
}
