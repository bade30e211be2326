/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import org.lora4j.error.MessageText;

/**
 * A chat template refuses a conversation, fails on it, or comes to no end.
 *
 * @apiNote Status: stable
 */
public class ChatTemplateException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final String reason;

    /**
     * Creates the exception.
     *
     * @param message where it happened, what was found and what to do
     * @param reason what the template or its reader says of it
     */
    public ChatTemplateException(String message, String reason) {
        super(MessageText.bounded(message));
        this.reason = reason;
    }

    /**
     * The reason alone: of a refused conversation the words of the template's {@code raise_exception}.
     *
     * @return the reason as it was given, which may be long
     */
    public String reason() {
        return reason;
    }
}
