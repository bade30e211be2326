/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.io.IOException;

/**
 * A file of a base model (weights or tokenizer) is not what it should be: damaged, of another format, or of another
 * architecture.
 *
 * @apiNote Status: stable
 */
public class ModelFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the file, what is wrong with the value found, what was expected and what to do
     */
    public ModelFormatException(String message) {
        super(MessageText.bounded(message));
    }

    /**
     * Creates the exception with the failure that revealed the problem.
     *
     * @param message the file, what is wrong with the value found, what was expected and what to do
     * @param cause the failure underneath
     */
    public ModelFormatException(String message, Throwable cause) {
        super(MessageText.bounded(message), cause);
    }
}
