/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.checkpoint;

/**
 * A checkpoint with a sound checksum whose content cannot be used: something is missing, is not what it has to be, or does
 * not fit the rest. To a run that is as good as damage.
 *
 * @apiNote Status: internal
 */
public final class UnusableContentException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message what is wrong, beginning with the name of the value
     */
    public UnusableContentException(String message) {
        super(message);
    }
}
