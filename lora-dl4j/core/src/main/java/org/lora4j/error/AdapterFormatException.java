/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.io.IOException;

/**
 * The files of an adapter cannot be used as they are. Subclasses say why; this class itself stands for content that is
 * well-formed but not a usable adapter, such as a missing file or a config with forbidden values.
 *
 * @apiNote Status: stable
 */
public class AdapterFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the file, what was found there, what was expected and what to do
     */
    public AdapterFormatException(String message) {
        super(MessageText.bounded(message));
    }

    /**
     * Creates the exception with the failure that revealed the trouble.
     *
     * @param message the file, what was found there, what was expected and what to do
     * @param cause the failure underneath
     */
    public AdapterFormatException(String message, Throwable cause) {
        super(MessageText.bounded(message), cause);
    }
}
