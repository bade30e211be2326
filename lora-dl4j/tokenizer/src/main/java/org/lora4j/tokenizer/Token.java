/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tokenizer;

import org.lora4j.error.Arguments;

/**
 * A token of a text.
 *
 * @param id its number in the vocabulary
 * @param text how the vocabulary spells it, such as {@code ##ing}
 * @param start index of the Java character of the text at which it begins; -1 for a token that is put around texts
 * @param end index behind its last Java character; -1 for a token that is put around texts
 * @param typeId 1 for the second text of a pair, else 0, if the model tells them apart
 * @param special whether it has a meaning of its own, as the marks at both ends of a text
 * @apiNote Status: stable
 */
public record Token(int id, String text, int start, int end, int typeId, boolean special) {

    /**
     * Checks that there is a text.
     *
     * @param id as in the record
     * @param text as in the record
     * @param start as in the record
     * @param end as in the record
     * @param typeId as in the record
     * @param special as in the record
     */
    public Token {
        Arguments.required(text, "Token: text", "how the vocabulary spells it");
    }
}
