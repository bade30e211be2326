/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text what it says: of a string its value, of a number its digits
 * @param line where it begins
 */
record Token(Kind kind, String text, int line) {

    enum Kind {
        TEXT,
        OUTPUT_BEGIN,
        OUTPUT_END,
        STATEMENT_BEGIN,
        STATEMENT_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind wanted, String words) {
        return kind == wanted && text.equals(words);
    }

    /** What a message calls it. */
    String shown() {
        return switch (kind) {
            case END -> "the end of the template";
            case OUTPUT_END -> "}}";
            case STATEMENT_END -> "%}";
            default -> text;
        };
    }
}
