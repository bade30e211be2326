/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

/**
 * The parts of a decoder that have weights. A family has those that it names.
 *
 * @apiNote Status: internal
 */
public enum DecoderPart {
    /** The table of token embeddings, {@code [vocabulary, hidden]}. */
    WORDS(Kind.TABLE, false),
    /** The table of learned positions, {@code [context, hidden]}. */
    POSITIONS(Kind.TABLE, false),
    /** The normalization behind the last layer. */
    FINAL_NORM(Kind.NORM, false),
    /** From hidden states to logits. */
    HEAD(Kind.LINEAR, false),
    /** Before attention. */
    ATTENTION_NORM(Kind.NORM, true),
    /** Queries of all heads. */
    QUERY(Kind.LINEAR, true),
    /** Keys of all key heads. */
    KEY(Kind.LINEAR, true),
    /** Values of all key heads. */
    VALUE(Kind.LINEAR, true),
    /** The three of them in one matrix. */
    QUERY_KEY_VALUE(Kind.LINEAR, true),
    /** Of queries, before they are rotated. */
    QUERY_NORM(Kind.NORM, true),
    /** Of keys, before they are rotated. */
    KEY_NORM(Kind.NORM, true),
    /** From the heads back to the hidden size. */
    ATTENTION_OUTPUT(Kind.LINEAR, true),
    /** Of what attention adds. */
    ATTENTION_RESULT_NORM(Kind.NORM, true),
    /** Before the feed-forward part. */
    MLP_NORM(Kind.NORM, true),
    /** The part of a gated feed-forward network that goes through the activation. */
    GATE(Kind.LINEAR, true),
    /** From the hidden size to the intermediate size. */
    UP(Kind.LINEAR, true),
    /** Gate and up in one matrix, in this order. */
    GATE_AND_UP(Kind.LINEAR, true),
    /** From the intermediate size to the hidden size. */
    DOWN(Kind.LINEAR, true),
    /** Of what the feed-forward part adds. */
    MLP_RESULT_NORM(Kind.NORM, true);

    /** What a part's tensors are. */
    enum Kind {
        /** A table of rows. */
        TABLE,
        /** A matrix, and perhaps a bias. */
        LINEAR,
        /** A vector of gains, and for layer normalization one of biases. */
        NORM
    }

    private final Kind kind;
    private final boolean perLayer;

    DecoderPart(Kind kind, boolean perLayer) {
        this.kind = kind;
        this.perLayer = perLayer;
    }

    Kind kind() {
        return kind;
    }

    /**
     * Whether every layer has one.
     *
     * @return false for what a model has once
     */
    public boolean perLayer() {
        return perLayer;
    }
}
