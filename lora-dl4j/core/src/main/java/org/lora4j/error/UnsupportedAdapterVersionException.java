/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * A file is well-formed but uses a method or an option that this version does not know how to apply.
 *
 * @apiNote Status: stable
 */
public class UnsupportedAdapterVersionException extends AdapterFormatException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message every unsupported option found, with its value, and what to do
     */
    public UnsupportedAdapterVersionException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure that revealed the trouble.
     *
     * @param message every unsupported option found, with its value, and what to do
     * @param cause the failure underneath
     */
    public UnsupportedAdapterVersionException(String message, Throwable cause) {
        super(message, cause);
    }
}
