/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * A file is damaged, or is not of the format its name promises.
 *
 * @apiNote Status: stable
 */
public class CorruptAdapterException extends AdapterFormatException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the file and the position or tensor, what was found there and what was expected
     */
    public CorruptAdapterException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure that revealed the trouble.
     *
     * @param message the file and the position or tensor, what was found there and what was expected
     * @param cause the failure underneath
     */
    public CorruptAdapterException(String message, Throwable cause) {
        super(message, cause);
    }
}
