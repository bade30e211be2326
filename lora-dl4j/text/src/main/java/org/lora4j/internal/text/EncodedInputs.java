/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.List;
import org.lora4j.pretrained.TokenizedText;

/**
 * Inputs as rows of tokens, which stand for them until this is closed.
 *
 * @apiNote Status: internal
 */
public interface EncodedInputs extends AutoCloseable {

    /**
     * What stands for the inputs.
     *
     * @return a row of tokens for each, in their order
     */
    List<TokenizedText> tokens();

    /** Frees what the rows stand for. */
    @Override
    void close();

    /** Texts are their tokens. */
    static EncodedInputs of(List<TokenizedText> tokens) {
        return new EncodedInputs() {
            @Override
            public List<TokenizedText> tokens() {
                return tokens;
            }

            @Override
            public void close() {
                // Tokens are all that there is.
            }
        };
    }
}
