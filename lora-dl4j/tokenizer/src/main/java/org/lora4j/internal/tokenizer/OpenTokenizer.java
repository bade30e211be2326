/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Objects;

/**
 * A tokenizer that is used until it is closed. Who encodes while another thread closes gets the tokens, or the refusal of a
 * closed tokenizer, and nothing else.
 *
 * <p><b>State.</b> Immutable but for {@link #close}. <b>Threads.</b> Safe.
 *
 * @param <T> the type of the tokenizer
 * @apiNote Status: internal
 */
public final class OpenTokenizer<T> implements AutoCloseable {

    private final String owner;
    private final String source;
    private final T tokenizer;
    private volatile boolean closed;

    /**
     * Opens a tokenizer.
     *
     * @param owner the public class, for messages
     * @param source what was read, for messages
     */
    public OpenTokenizer(String owner, String source, T tokenizer) {
        this.owner = owner;
        this.source = source;
        this.tokenizer = tokenizer;
    }

    /**
     * The tokenizer, to encode or decode with it now.
     *
     * @throws IllegalStateException if this is closed
     */
    public T use() {
        if (closed) {
            throw new IllegalStateException(owner + ": the tokenizer of " + source
                    + " is closed; expected an open one. Use it before close(), or load it again.");
        }
        return tokenizer;
    }

    /** The tokenizer, to be asked for its vocabulary, which outlives its use. */
    public T vocabulary() {
        return tokenizer;
    }

    /**
     * Requires a text.
     *
     * @throws NullPointerException if it is null
     */
    public String required(String text) {
        return Objects.requireNonNull(text, () -> owner + ": text is null; expected a text, perhaps empty");
    }

    @Override
    public void close() {
        closed = true;
    }
}
