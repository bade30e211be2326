/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.List;

/**
 * What the tokens of a text are replaced by, to see what they add.
 *
 * @apiNote Status: experimental
 */
public enum TokenBaseline {
    /** The token that fills rows up: {@code [PAD]}, {@code <pad>}. */
    PADDING("[PAD]", "<pad>"),
    /** The token that stands for one that is hidden: {@code [MASK]}, {@code <mask>}. */
    MASK("[MASK]", "<mask>");

    private final List<String> spellings;

    TokenBaseline(String... spellings) {
        this.spellings = List.of(spellings);
    }

    List<String> spellings() {
        return spellings;
    }
}
