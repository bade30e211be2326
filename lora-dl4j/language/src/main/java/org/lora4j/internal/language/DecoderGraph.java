/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import org.lora4j.internal.graph.SharedArrays;
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

    /** Cross-entropy of every token's target, {@code [batch * length]}. */
    public static final String TOKEN_LOSS = "token_loss";
    /** The sum of the token losses by their weights: the loss variable. */
    public static final String LOSS = "loss";

    private DecoderGraph() {}

    /**
     * A new graph, whose constants are the weights by their names, the live arrays.
     *
     * @param type FLOAT, or DOUBLE, for which weights are widened
     * @return the graph, with {@link #LAST_HIDDEN_STATE}, {@link #LOGITS} and {@link #LOSS}
     */
    public static SameDiff of(DecoderWeights weights, DataType type) {
        SameDiff sd = SharedArrays.newGraph();
        GraphMath math = new GraphMath(sd, weights, type);
        Decoder<SDVariable> decoder = new Decoder<>(weights.config(), math);
        SDVariable hidden = decoder.hidden();
        math.perSequence(LAST_HIDDEN_STATE, hidden, weights.config().hidden());
        SDVariable logits = decoder.logits(hidden);
        math.perSequence(LOGITS, logits, weights.config().vocabulary());
        loss(sd, logits, type);
        return sd;
    }

    private static void loss(SameDiff sd, SDVariable logits, DataType type) {
        SDVariable targets = sd.placeHolder(DecoderInputs.TARGET_IDS, DataType.INT32, -1, -1);
        SDVariable weights = sd.placeHolder(DecoderInputs.TARGET_WEIGHTS, type, -1, -1);
        SDVariable losses =
                sd.loss().sparseSoftmaxCrossEntropy(TOKEN_LOSS, logits, sd.reshape("targets/flat", targets, -1));
        SDVariable weighted = losses.mul("loss/weighted", sd.reshape("targets/weights", weights, -1));
        sd.sum(LOSS, weighted);
        sd.setLossVariables(LOSS);
    }
}
