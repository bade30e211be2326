/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

/**
 * An expression that is not understood, or not run in bounded time.
 *
 * @apiNote Status: internal
 */
public final class UnsupportedExpressionException extends Exception {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what was found, where, and what is supported
     */
    public UnsupportedExpressionException(String message) {
        super(message);
    }
}
