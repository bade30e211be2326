/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

/**
 * A request is larger than a server takes. It would be refused again.
 *
 * @apiNote Status: experimental
 */
public final class TextLimitException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /**
     * Which limit.
     *
     * @apiNote Status: experimental
     */
    public enum Limit {
        /** Inputs of a request. */
        TEXTS,
        /** Characters of an input. */
        CHARACTERS,
        /** Tokens of a request. */
        TOKENS,
        /** Tokens that the encoder reads of one input, if it is not to be cut. */
        LENGTH
    }

    private final Limit limit;

    TextLimitException(Limit limit, String message) {
        super(message);
        this.limit = limit;
    }

    /**
     * Which limit it is.
     *
     * @return the limit
     */
    public Limit limit() {
        return limit;
    }
}
