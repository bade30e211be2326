/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/**
 * A tokenizer cannot encode a text: it has no token for a part of it, not even an unknown one, or makes too much of it. The
 * text is not to blame; the file is. Whoever knows which file it is says so.
 */
final class TokenizingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what the tokenizer lacks, or does
     */
    TokenizingException(String message) {
        super(message);
    }
}
