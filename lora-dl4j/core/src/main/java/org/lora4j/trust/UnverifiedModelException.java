/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import org.lora4j.error.MessageText;

/**
 * A directory that cannot be trusted as asked: its signature is missing, by another key or of other files, or it has no receipt
 * where one is required.
 *
 * @apiNote Status: experimental
 */
public final class UnverifiedModelException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the file, what was found there, what was expected and what to do
     */
    public UnverifiedModelException(String message) {
        super(MessageText.bounded(message));
    }

    /**
     * Creates the exception with the failure that revealed the trouble.
     *
     * @param message the file, what was found there, what was expected and what to do
     * @param cause the failure underneath
     */
    public UnverifiedModelException(String message, Throwable cause) {
        super(MessageText.bounded(message), cause);
    }
}
