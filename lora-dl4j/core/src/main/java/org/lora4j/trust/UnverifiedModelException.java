/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import org.lora4j.error.AdapterFormatException;

/**
 * A directory that cannot be trusted as asked: its signature is missing, by another key or of other files, or it has no receipt
 * where one is required.
 *
 * @apiNote Status: stable
 */
public final class UnverifiedModelException extends AdapterFormatException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the file, what was found there, what was expected and what to do
     */
    public UnverifiedModelException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure that revealed the trouble.
     *
     * @param message the file, what was found there, what was expected and what to do
     * @param cause the failure underneath
     */
    public UnverifiedModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
