/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.List;
import org.lora4j.error.Problems;

/**
 * The shape of a BERT-family encoder (Devlin et al. 2018, arXiv:1810.04805).
 *
 * @param layers number of transformer layers, 1 or more
 * @param hidden width of the hidden states, a multiple of {@code heads}
 * @param heads number of attention heads, 1 or more
 * @param intermediate width inside the feed-forward block, 1 or more
 * @param vocabulary rows of the word embedding table, 1 or more
 * @param maxPositions rows of the position embedding table, 1 or more; {@link #longestSequence} says what that allows
 * @param typeVocabulary rows of the token type embedding table, 1 or more
 * @param layerNormEpsilon what every layer norm adds to the variance, in [0, 1); 1e-12 in BERT
 * @param activation the function inside the feed-forward block; exact GELU in BERT
 * @param positions which row of the position table a token gets
 * @apiNote Status: stable
 */
public record BertConfig(
        int layers,
        int hidden,
        int heads,
        int intermediate,
        int vocabulary,
        int maxPositions,
        int typeVocabulary,
        double layerNormEpsilon,
        BertActivation activation,
        PositionIds positions) {

    /** The epsilon of layer norm in BERT and its descendants. */
    public static final double BERT_LAYER_NORM_EPSILON = 1e-12;

    /**
     * Creates a configuration.
     *
     * @param layers number of transformer layers
     * @param hidden width of the hidden states
     * @param heads number of attention heads
     * @param intermediate width inside the feed-forward block
     * @param vocabulary rows of the word embedding table
     * @param maxPositions rows of the position embedding table
     * @param typeVocabulary rows of the token type embedding table
     * @param layerNormEpsilon what every layer norm adds to the variance
     * @param activation the function inside the feed-forward block
     * @param positions which row of the position table a token gets
     * @throws IllegalArgumentException if a value is out of its range; the message lists every problem
     */
    public BertConfig {
        Problems problems = new Problems();
        problems.atLeast("layers", layers, 1);
        problems.atLeast("hidden", hidden, 1);
        problems.atLeast("heads", heads, 1);
        problems.atLeast("intermediate", intermediate, 1);
        problems.atLeast("vocabulary", vocabulary, 1);
        problems.atLeast("maxPositions", maxPositions, 1);
        problems.atLeast("typeVocabulary", typeVocabulary, 1);
        if (hidden > 0 && heads > 0 && hidden % heads != 0) {
            problems.add("heads = " + heads + ", expected a divisor of hidden = " + hidden);
        }
        if (!(layerNormEpsilon >= 0 && layerNormEpsilon < 1)) {
            problems.add("layerNormEpsilon = " + layerNormEpsilon + ", expected [0, 1)");
        }
        if (activation == null) {
            problems.add("activation = null, expected one of " + List.of(BertActivation.values()));
        }
        if (positions == null) {
            problems.add("positions = null, expected Positions.FROM_ZERO or Positions.afterPadding(id)");
        } else if (positions.firstRow() >= maxPositions) {
            problems.add("positions start at row " + positions.firstRow() + ", expected below maxPositions = "
                    + maxPositions);
        }
        problems.throwIfAny("BertConfig");
    }

    /**
     * A configuration with positions from 0, as in BERT.
     *
     * @param layers number of transformer layers
     * @param hidden width of the hidden states
     * @param heads number of attention heads
     * @param intermediate width inside the feed-forward block
     * @param vocabulary rows of the word embedding table
     * @param maxPositions rows of the position embedding table
     * @param typeVocabulary rows of the token type embedding table
     * @param layerNormEpsilon what every layer norm adds to the variance
     * @param activation the function inside the feed-forward block
     * @throws IllegalArgumentException if a value is out of its range; the message lists every problem
     */
    public BertConfig(
            int layers,
            int hidden,
            int heads,
            int intermediate,
            int vocabulary,
            int maxPositions,
            int typeVocabulary,
            double layerNormEpsilon,
            BertActivation activation) {
        this(
                layers,
                hidden,
                heads,
                intermediate,
                vocabulary,
                maxPositions,
                typeVocabulary,
                layerNormEpsilon,
                activation,
                PositionIds.FROM_ZERO);
    }

    /**
     * A configuration with BERT's own epsilon and activation.
     *
     * @param layers number of transformer layers
     * @param hidden width of the hidden states
     * @param heads number of attention heads
     * @param intermediate width inside the feed-forward block
     * @param vocabulary rows of the word embedding table
     * @param maxPositions rows of the position embedding table
     * @param typeVocabulary rows of the token type embedding table
     * @return the configuration
     * @throws IllegalArgumentException if a value is out of its range; the message lists every problem
     */
    public static BertConfig of(
            int layers, int hidden, int heads, int intermediate, int vocabulary, int maxPositions, int typeVocabulary) {
        return new BertConfig(
                layers,
                hidden,
                heads,
                intermediate,
                vocabulary,
                maxPositions,
                typeVocabulary,
                BERT_LAYER_NORM_EPSILON,
                BertActivation.GELU);
    }

    /** The same encoder with another number of layers. */
    BertConfig withLayers(int number) {
        return new BertConfig(
                number,
                hidden,
                heads,
                intermediate,
                vocabulary,
                maxPositions,
                typeVocabulary,
                layerNormEpsilon,
                activation,
                positions);
    }

    /**
     * The most tokens of a sequence, special tokens included.
     *
     * @return 1 or more
     */
    public int longestSequence() {
        return maxPositions - positions.firstRow();
    }

    /**
     * Width of one attention head.
     *
     * @return {@code hidden / heads}
     */
    public int headSize() {
        return hidden / heads;
    }
}
