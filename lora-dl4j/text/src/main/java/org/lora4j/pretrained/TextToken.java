/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import org.lora4j.error.Arguments;

/**
 * A token of a text.
 *
 * @param id its id
 * @param text how the vocabulary writes it, such as {@code ##ing}
 * @param start index of the Java character of the text at which it begins; -1 for a token that is put around texts
 * @param end index behind its last Java character; -1 for a token that is put around texts
 * @param special whether it has a meaning of its own, as the marks at both ends of a text
 * @apiNote Status: stable
 */
public record TextToken(int id, String text, int start, int end, boolean special) {

    /**
     * Checks that there is a text.
     *
     * @param id as in the record
     * @param text as in the record
     * @param start as in the record
     * @param end as in the record
     * @param special as in the record
     */
    public TextToken {
        Arguments.required(text, "TextToken: text", "how the vocabulary writes it");
    }
}
