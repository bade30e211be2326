/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * An adapter is sound but was made for another base model.
 *
 * @apiNote Status: stable
 */
public class IncompatibleBaseException extends AdapterFormatException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what disagrees between adapter and base, with both values, and what to do
     */
    public IncompatibleBaseException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure that revealed the trouble.
     *
     * @param message what disagrees between adapter and base, with both values, and what to do
     * @param cause the failure underneath
     */
    public IncompatibleBaseException(String message, Throwable cause) {
        super(message, cause);
    }
}
