/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Objects;
import org.lora4j.error.ModelFormatException;

/**
 * What public tokenizers share: a tokenizer of a bounded file that is used until it is closed, and refuses null as a text. Who
 * encodes while another thread closes gets the tokens, or the refusal of a closed tokenizer, and nothing else.
 *
 * <p><b>State.</b> Immutable but for {@link #close}. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class OpenTokenizer implements AutoCloseable {

    /** The most bytes of a file; those of today have an eighth of it. */
    public static final int MOST_BYTES = 256 << 20;

    private final String owner;
    private final String source;
    private final Tokenizer tokenizer;
    private volatile boolean closed;

    private OpenTokenizer(String owner, String source, Tokenizer tokenizer) {
        this.owner = owner;
        this.source = source;
        this.tokenizer = tokenizer;
    }

    /**
     * Reads a file.
     *
     * @param owner the public class, for messages
     * @param json its bytes, at most {@value #MOST_BYTES}
     * @throws ModelFormatException if the bytes are no tokenizer, or one with parts that are not supported
     */
    public static OpenTokenizer read(String owner, String source, byte[] json) throws ModelFormatException {
        return new OpenTokenizer(owner, source, Tokenizer.read(source, json));
    }

    /**
     * The tokenizer, to encode or decode with it now.
     *
     * @throws IllegalStateException if this is closed
     */
    public Tokenizer use() {
        if (closed) {
            throw new IllegalStateException(owner + ": the tokenizer of " + source
                    + " is closed; expected an open one. Use it before close(), or load it again.");
        }
        return tokenizer;
    }

    /** The tokenizer, to be asked for its vocabulary, which outlives its use. */
    public Tokenizer vocabulary() {
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
