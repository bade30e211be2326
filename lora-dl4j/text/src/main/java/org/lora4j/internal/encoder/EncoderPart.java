/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

/**
 * The parts of an encoder that have weights. A family has those that it names.
 *
 * @apiNote Status: internal
 */
public enum EncoderPart {
    /** The table of token embeddings. */
    WORDS(Kind.TABLE, false),
    /** The table of learned positions. */
    POSITIONS(Kind.TABLE, false),
    /** The table of token types. */
    TYPES(Kind.TABLE, false),
    /** The normalization of the sum of embeddings. */
    EMBEDDING_NORM(Kind.NORM, false),
    /** From the width of the embeddings to that of the layers. */
    EMBEDDING_PROJECTION(Kind.LINEAR, false),
    /** What relative positions are looked up in: a number for each head, or a row of the hidden width. */
    RELATIVE_TABLE(Kind.TABLE, false),
    /** The normalization of that table. */
    RELATIVE_NORM(Kind.NORM, false),
    /** A convolution of the embeddings, which is added behind the first layer. */
    CONVOLUTION(Kind.CONVOLUTION, false),
    /** The normalization behind it. */
    CONVOLUTION_NORM(Kind.NORM, false),
    /** The normalization behind the last layer. */
    FINAL_NORM(Kind.NORM, false),
    /** A linear map of the first token, then tanh. */
    POOLER(Kind.LINEAR, false),
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
    /** What is added to queries that the fused matrix makes. */
    QUERY_BIAS(Kind.VECTOR, true),
    /** What is added to values that the fused matrix makes. */
    VALUE_BIAS(Kind.VECTOR, true),
    /** Of queries, head by head, before they are rotated. */
    QUERY_NORM(Kind.NORM, true),
    /** Of keys, head by head, before they are rotated. */
    KEY_NORM(Kind.NORM, true),
    /** A layer's own rows for distances, of the width of a head. */
    DISTANCES(Kind.TABLE, true),
    /** Keys of relative positions. */
    POSITION_KEY(Kind.LINEAR, true),
    /** Queries of relative positions. */
    POSITION_QUERY(Kind.LINEAR, true),
    /** Mixes the heads' scores. */
    SCORE_MIXTURE(Kind.LINEAR, true),
    /** Mixes the heads' shares. */
    SHARE_MIXTURE(Kind.LINEAR, true),
    /** From the heads back to the hidden width. */
    ATTENTION_OUTPUT(Kind.LINEAR, true),
    /** Of the sum of attention and what went into it. */
    ATTENTION_SUM_NORM(Kind.NORM, true),
    /** Before the feed-forward part. */
    MLP_NORM(Kind.NORM, true),
    /** The part of a gated feed-forward network that goes through the activation. */
    GATE(Kind.LINEAR, true),
    /** From the hidden width to the inner width. */
    UP(Kind.LINEAR, true),
    /** Gate and up in one matrix, in this order. */
    GATE_AND_UP(Kind.LINEAR, true),
    /** Up and gate in one matrix, in this order. */
    UP_AND_GATE(Kind.LINEAR, true),
    /** From the inner width to the hidden width. */
    DOWN(Kind.LINEAR, true),
    /** Of the sum of the feed-forward part and what went into it. */
    MLP_SUM_NORM(Kind.NORM, true),
    /** What attention gives is multiplied by it. */
    ATTENTION_SCALE(Kind.VECTOR, true),
    /** What the feed-forward part gives is multiplied by it. */
    MLP_SCALE(Kind.VECTOR, true);

    /** What a part's tensors are. */
    enum Kind {
        /** A table of rows. */
        TABLE,
        /** A matrix, and perhaps a bias. */
        LINEAR,
        /** A vector of gains, and perhaps one of biases. */
        NORM,
        /** A vector that is added. */
        VECTOR,
        /** A window over tokens, and a bias. */
        CONVOLUTION
    }

    private final Kind kind;
    private final boolean perLayer;

    EncoderPart(Kind kind, boolean perLayer) {
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
