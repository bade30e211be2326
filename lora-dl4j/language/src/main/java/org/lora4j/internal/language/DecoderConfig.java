/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A decoder in one form for all families.
 *
 * @param family names of its parts, and how they are laid out
 * @param vocabulary rows of the embedding table
 * @param hidden size of a hidden state
 * @param intermediate size within the feed-forward network
 * @param context the longest sequence
 * @param heads number of heads of queries
 * @param keyHeads number of heads of keys and of values, a divisor of {@code heads}
 * @param epsilon of normalizations
 * @param activation of the feed-forward network
 * @param tied whether the head multiplies by the embedding table
 * @param biased the linear parts that have a bias
 * @param embeddingScale factor of embeddings
 * @param residualScale factor of what a layer's two parts add
 * @param logitsScale factor of logits
 * @param logitsCap c, where logits become {@code c tanh(logit / c)}
 * @param parallel whether attention and feed-forward network of a layer read the same input
 * @param layers one entry for each layer
 * @apiNote Status: internal
 */
public record DecoderConfig(
        DecoderFamily family,
        int vocabulary,
        int hidden,
        int intermediate,
        int context,
        int heads,
        int keyHeads,
        int headSize,
        double epsilon,
        Activation activation,
        boolean tied,
        Set<DecoderPart> biased,
        double embeddingScale,
        double residualScale,
        double logitsScale,
        OptionalDouble logitsCap,
        boolean parallel,
        List<DecoderLayer> layers) {

    /**
     * The largest width of a matrix that is read, a hundred times that of any model: what is computed from widths, their sums
     * and multiples by a few, stays within an {@code int}.
     */
    static final int WIDEST = 1 << 24;

    /** The largest head: tables of rotations and steps of positions are multiples of it. */
    static final int LARGEST_HEAD = 1 << 16;

    /** The longest context, window and the like. */
    static final int LONGEST = 1 << 30;

    /**
     * Checks the widths that follow from several numbers: a product that were read as its lowest 32 bits would pass for a
     * small one, and lead native code out of its arrays.
     *
     * @throws IllegalArgumentException if a part is wider than 2^24
     */
    public DecoderConfig {
        layers = List.copyOf(layers);
        long widest = Math.max(hidden, Math.max(intermediate, attentionWidth(heads, keyHeads, headSize)));
        if (widest > WIDEST || vocabulary > WIDEST || headSize > LARGEST_HEAD || context > LONGEST) {
            throw new IllegalArgumentException("DecoderConfig: a width of " + Math.max(widest, vocabulary)
                    + ", a head of " + headSize + " and a context of " + context + "; expected at most " + WIDEST + ", "
                    + LARGEST_HEAD + " and " + LONGEST + ". Check what made the config.");
        }
    }

    /** Numbers of queries, keys and values of a token. */
    static long attentionWidth(long heads, long keyHeads, long headSize) {
        return Math.multiplyExact(Math.addExact(heads, Math.multiplyExact(2, keyHeads)), headSize);
    }

    /** Numbers of all queries of a token. */
    public int queryWidth() {
        return Math.multiplyExact(heads, headSize);
    }

    /** Numbers of all keys of a token, and of all values. */
    public int keyWidth() {
        return Math.multiplyExact(keyHeads, headSize);
    }

    /**
     * The path of a part's module, in the names of Transformers' class for language modelling.
     *
     * @param part a part that the family has
     * @param layer its layer, from 0; not read for parts outside layers
     */
    public String module(DecoderPart part, int layer) {
        return family.module(part, layer);
    }

    /** Numbers that a linear part or a table takes in. */
    int inputs(DecoderPart part) {
        return switch (part) {
            case WORDS -> vocabulary;
            case POSITIONS -> context;
            case ATTENTION_OUTPUT -> queryWidth();
            case DOWN -> intermediate;
            default -> hidden;
        };
    }

    /** Numbers that a part gives. */
    int outputs(DecoderPart part) {
        return switch (part) {
            case HEAD -> vocabulary;
            case QUERY -> queryWidth();
            case KEY, VALUE -> keyWidth();
            case QUERY_KEY_VALUE -> Math.toIntExact(attentionWidth(heads, keyHeads, headSize));
            case QUERY_NORM -> family.normsPerHead() ? headSize : queryWidth();
            case KEY_NORM -> family.normsPerHead() ? headSize : keyWidth();
            case GATE, UP -> intermediate;
            case GATE_AND_UP -> Math.multiplyExact(2, intermediate);
            default -> hidden;
        };
    }

    /**
     * The rotations that its layers use.
     *
     * @return each once, in the order of the layers
     */
    public List<Rotation> rotations() {
        return layers.stream()
                .flatMap(layer -> layer.rotation().stream())
                .distinct()
                .toList();
    }

    /** The same model with other layers. */
    DecoderConfig withLayers(List<DecoderLayer> other) {
        return new DecoderConfig(
                family,
                vocabulary,
                hidden,
                intermediate,
                context,
                heads,
                keyHeads,
                headSize,
                epsilon,
                activation,
                tied,
                biased,
                embeddingScale,
                residualScale,
                logitsScale,
                logitsCap,
                parallel,
                other);
    }
}
