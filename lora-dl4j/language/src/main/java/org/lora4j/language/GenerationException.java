/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * A text could not be made although its request was accepted. Other requests go on.
 *
 * @apiNote Status: stable
 */
public final class GenerationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    GenerationException(String message, Throwable cause) {
        super(message, cause);
    }
}
