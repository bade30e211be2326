/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Arrays;
import org.lora4j.internal.language.DecoderConfig;

/** One sequence of a session: its tokens, and what each layer knows of them. */
final class SequenceState implements AutoCloseable {

    /** Number of an adapter that is none. */
    static final int NO_ADAPTER = -1;

    private static final int LEAST = 64;

    private final int adapter;
    private final KeyValues[] layers;
    private int[] ids = new int[0];
    private int length;
    private int computed;

    SequenceState(DecoderConfig config, int adapter) {
        this.adapter = adapter;
        this.layers = new KeyValues[config.layers().size()];
        for (int layer = 0; layer < layers.length; layer++) {
            layers[layer] = new KeyValues(config.keyHeads(), config.headSize(), config.context());
        }
    }

    int adapter() {
        return adapter;
    }

    KeyValues layer(int layer) {
        return layers[layer];
    }

    int[] ids() {
        return Arrays.copyOf(ids, length);
    }

    int id(int position) {
        return ids[position];
    }

    /** Tokens that it has. */
    int length() {
        return length;
    }

    /** The first tokens whose keys and values are there. */
    int computed() {
        return computed;
    }

    void append(int[] more) {
        if (ids.length < length + more.length) {
            ids = Arrays.copyOf(ids, Math.max(LEAST, Math.max(2 * ids.length, length + more.length)));
        }
        System.arraycopy(more, 0, ids, length, more.length);
        length += more.length;
    }

    /** Forgets the last tokens. */
    void shorten(int to) {
        length = to;
        computed = Math.min(computed, to);
    }

    void reserve() {
        for (KeyValues layer : layers) {
            layer.reserve(length, computed);
        }
    }

    /** Makes room for exactly so many tokens, if there is less. */
    void grow(int tokens) {
        if (ids.length < tokens) {
            ids = Arrays.copyOf(ids, tokens);
        }
        for (KeyValues layer : layers) {
            layer.grow(tokens, computed);
        }
    }

    static long bytes(DecoderConfig config, int tokens) {
        return (long) Integer.BYTES * tokens
                + config.layers().size() * KeyValues.bytes(config.keyHeads(), config.headSize(), tokens);
    }

    void computedUpTo(int position) {
        computed = position;
    }

    long bytes() {
        long bytes = (long) Integer.BYTES * ids.length;
        for (KeyValues layer : layers) {
            bytes += layer.bytes();
        }
        return bytes;
    }

    @Override
    public void close() {
        for (KeyValues layer : layers) {
            layer.close();
        }
    }
}
