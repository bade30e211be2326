/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;

/**
 * What an encoder was trained to see before a text.
 *
 * @param text before a text that is classified or compared with others of its kind
 * @param query before a text that others are searched by
 * @param passage before a text that is searched for
 * @apiNote Status: stable
 */
public record Prefixes(String text, String query, String passage) {

    /** Nothing before any text. */
    public static final Prefixes NONE = new Prefixes("", "", "");

    /**
     * Checks that nothing is null.
     *
     * @param text as in the record
     * @param query as in the record
     * @param passage as in the record
     */
    public Prefixes {
        Objects.requireNonNull(text, "Prefixes: text is null; expected a prefix, perhaps empty");
        Objects.requireNonNull(query, "Prefixes: query is null; expected a prefix, perhaps empty");
        Objects.requireNonNull(passage, "Prefixes: passage is null; expected a prefix, perhaps empty");
    }
}
