/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.MessageText;

/** The steps that an expression takes on one text, and their limit. */
final class Work {

    private static final long STEPS = 20_000_000;

    private static final long STEPS_FOR_A_CHARACTER = 1_000;

    private final String expression;
    private final int length;
    private final long limit;
    private long steps;

    Work(String expression, int length) {
        this.expression = expression;
        this.length = length;
        this.limit = STEPS + STEPS_FOR_A_CHARACTER * length;
    }

    void charge(long more) {
        steps += more;
        if (steps > limit) {
            throw new CostlyExpressionException(
                    "expression " + MessageText.name(expression) + ": more than " + limit
                            + " steps for a text of " + length + " characters; expected at most "
                            + STEPS_FOR_A_CHARACTER
                            + " for each. The expression reads the same characters again and again: its file is damaged or hostile.");
        }
    }

    /** Whether the same characters are read again and again, so that it pays to know all places of matches before. */
    boolean isHeavy() {
        return steps > 10_000 + 16L * length;
    }
}
