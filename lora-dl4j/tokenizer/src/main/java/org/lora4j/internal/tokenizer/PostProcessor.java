/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.List;

/** Puts texts together, with special tokens around them. */
interface PostProcessor {

    /** Texts as they are, the second behind the first. */
    PostProcessor NONE = new PostProcessor() {

        @Override
        public int added(boolean pair) {
            return 0;
        }

        @Override
        public EncodedTokens process(List<EncodedTokens> texts, boolean specialTokens) {
            return joined(texts);
        }
    };

    /** How many special tokens there are. */
    int added(boolean pair);

    /**
     * Puts one text or two together.
     *
     * @param texts their tokens, which may be written to
     * @param specialTokens whether special tokens are added
     */
    EncodedTokens process(List<EncodedTokens> texts, boolean specialTokens);

    /** Texts of types 0 and 1. */
    static EncodedTokens joined(List<EncodedTokens> texts) {
        EncodedTokens all = new EncodedTokens();
        for (int i = 0; i < texts.size(); i++) {
            all.addAll(texts.get(i), i, i);
        }
        return all;
    }
}
