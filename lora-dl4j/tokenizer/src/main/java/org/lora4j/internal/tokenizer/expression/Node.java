/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.List;

/** A parsed expression. */
sealed interface Node {

    /** Nothing. */
    record Empty() implements Node {}

    /** One character of a set. */
    record Chars(CodePointSet set) implements Node {}

    /** One after the other. */
    record Sequence(List<Node> parts) implements Node {}

    /** The first that lets the whole match. */
    record Choice(List<Node> options) implements Node {}

    /**
     * Again and again; {@code most} is -1 without an end. A possessive one gives nothing back, and its body is always one of
     * {@link Chars}.
     */
    record Repeat(Node body, int least, int most, Greed greed) implements Node {}

    /** What a place must be. */
    record Place(Condition condition, CodePointSet set) implements Node {}

    /** What must follow, or must not. */
    record Ahead(Node body, boolean negative) implements Node {}

    /** How much a repetition takes. */
    enum Greed {
        /** As much as it can, less if the rest does not match then. */
        GREEDY,
        /** As little as it can. */
        LAZY,
        /** As much as it can, and never less. */
        POSSESSIVE
    }

    /** A condition on the characters beside a place. */
    enum Condition {
        NEXT_IN,
        NEXT_NOT_IN,
        PREVIOUS_IN,
        PREVIOUS_NOT_IN,
        WORD_EDGE,
        NO_WORD_EDGE,
        LINE_START,
        LINE_END,
        TEXT_START,
        TEXT_END
    }
}
