/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * A regular expression takes more steps or more stack than any honest one: it backtracks without end, or is nested by the
 * thousand. Configs hold expressions, and configs come from strangers.
 *
 * @apiNote Status: experimental
 */
public class CostlyExpressionException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the expression, what it was matched against, and what to do
     */
    public CostlyExpressionException(String message) {
        super(MessageText.bounded(message));
    }
}
