/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Makes the graph of a decoder. Its placeholders are those of {@link DecoderInputs}.
 *
 * @apiNote Status: internal
 */
public final class DecoderGraph {

    /** Hidden states behind the last normalization, {@code [batch, length, hidden]}. */
    public static final String LAST_HIDDEN_STATE = "last_hidden_state";
    /** Scores of the next token, {@code [batch, length, vocabulary]}. */
    public static final String LOGITS = "logits";

    private DecoderGraph() {}

    /**
     * A new graph, whose constants are the weights by their names.
     *
     * @param weights the model
     * @param type FLOAT, or DOUBLE, for which weights are widened
     * @return the graph, with {@link #LAST_HIDDEN_STATE} and {@link #LOGITS}
     */
    public static SameDiff of(DecoderWeights weights, DataType type) {
        SameDiff sd = SameDiff.create();
        GraphMath math = new GraphMath(sd, weights, type);
        Decoder<SDVariable> decoder = new Decoder<>(weights.config(), math);
        SDVariable hidden = decoder.hidden();
        math.perSequence(LAST_HIDDEN_STATE, hidden, weights.config().hidden());
        math.perSequence(LOGITS, decoder.logits(hidden), weights.config().vocabulary());
        return sd;
    }
}
