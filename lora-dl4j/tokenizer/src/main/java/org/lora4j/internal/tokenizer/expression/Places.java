/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import org.lora4j.internal.tokenizer.expression.Node.Condition;

/** Whether a condition holds between two characters. */
final class Places {

    private static final Condition[] CONDITIONS = Condition.values();

    private Places() {}

    /**
     * Whether a condition holds.
     *
     * @param previous the class before the place; the size of the alphabet at the start of the text
     * @param next the class behind it; the size of the alphabet at the end of the text
     */
    static boolean holds(Alphabet alphabet, int condition, int set, int previous, int next) {
        boolean start = previous == alphabet.size();
        boolean end = next == alphabet.size();
        return switch (CONDITIONS[condition]) {
            case NEXT_IN -> alphabet.contains(set, next);
            case NEXT_NOT_IN -> !alphabet.contains(set, next);
            case PREVIOUS_IN -> alphabet.contains(set, previous);
            case PREVIOUS_NOT_IN -> !alphabet.contains(set, previous);
            case WORD_EDGE -> alphabet.contains(set, previous) != alphabet.contains(set, next);
            case NO_WORD_EDGE -> alphabet.contains(set, previous) == alphabet.contains(set, next);
            case LINE_START -> start || alphabet.contains(set, previous) && !end;
            case LINE_END -> end || alphabet.contains(set, next);
            case TEXT_START -> start;
            case TEXT_END -> end;
        };
    }

    /** Whether a condition looks back. */
    static boolean looksBack(int condition) {
        return switch (CONDITIONS[condition]) {
            case NEXT_IN, NEXT_NOT_IN, LINE_END, TEXT_END -> false;
            default -> true;
        };
    }
}
