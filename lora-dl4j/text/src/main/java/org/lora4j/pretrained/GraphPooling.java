/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import org.lora4j.internal.encoder.EncoderPart;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

/** Appends the pooling of hidden states to the graph of an encoder. */
final class GraphPooling {

    /** Far below the square of any mean that is not zero, and above the smallest FLOAT. */
    private static final double TINY = 1e-24;

    private final SameDiff sd;
    private final EncoderWeights weights;
    private final String prefix;

    /** The prefix, empty or with a dot at its end, goes before the path of the pooler. */
    GraphPooling(SameDiff sd, EncoderWeights weights, String prefix) {
        this.sd = sd;
        this.weights = weights;
        this.prefix = prefix;
    }

    /** Appends the pooling of {@code hidden}, {@code [batch, length, hidden]}, into {@code [batch, hidden]}. */
    SDVariable pooled(SDVariable hidden, Pooling pooling) {
        return switch (pooling) {
            case MEAN -> mean(hidden, EncoderGraph.POOLED);
            case NORMALIZED_MEAN -> normalized(mean(hidden, "pooling/mean_of_tokens"));
            case CLS -> first(hidden, EncoderGraph.POOLED);
            case NORMALIZED_CLS -> normalized(first(hidden, "pooling/first_token"));
            case POOLER -> pooler(first(hidden, "pooling/first_token"));
        };
    }

    /** The hidden state of the first token. */
    private SDVariable first(SDVariable hidden, String name) {
        return sd.updateVariableNameAndReference(hidden.get(SDIndex.all(), SDIndex.point(0), SDIndex.all()), name);
    }

    private SDVariable pooler(SDVariable first) {
        String path = weights.shape().has(EncoderPart.POOLER) ? weights.shape().module(EncoderPart.POOLER) : "pooler";
        if (!weights.hasPooler()) {
            throw new IllegalArgumentException(
                    "Pooling.POOLER: the weights have no tensor \"" + path
                            + ".weight\"; expected the weights of an encoder with a pooler. Choose Pooling.MEAN or Pooling.CLS.");
        }
        String module = prefix + path;
        SDVariable dense = first.mmul(
                        module + "/product", sd.constant(module + ".weight", weights.tensor(path + ".weight")))
                .add(module + "/output", sd.constant(module + ".bias", weights.tensor(path + ".bias")));
        return sd.math().tanh(EncoderGraph.POOLED, dense);
    }

    private SDVariable normalized(SDVariable vector) {
        SDVariable squares = sd.sum("pooling/sum_of_squares", vector.mul("pooling/squares", vector), true, 1);
        // A vector of zeros stays zero, and its gradient finite; no other length is changed.
        SDVariable length = sd.math().sqrt("pooling/length", squares.add("pooling/squares_above_zero", TINY));
        return vector.div(EncoderGraph.POOLED, length);
    }

    private SDVariable mean(SDVariable hidden, String name) {
        // A product with the weights of the mean spares the masked copy of all hidden states and a slow reduction.
        SDVariable mask = sd.getVariable(EncoderGraph.ATTENTION_MASK);
        SDVariable kept = sd.sum("pooling/kept", mask, true, 1);
        SDVariable share = mask.div("pooling/share", sd.math().max("pooling/divisor", kept, smallest()));
        // Not expandDims, which leaves an array of a single element at its rank.
        SDVariable shape = sd.concat(
                "pooling/column_shape",
                0,
                sd.getVariable("input_ids/shape"),
                sd.constant("pooling/column_shape_tail", Nd4j.createFromArray(1L)));
        SDVariable column = sd.reshape("pooling/share_column", share, shape);
        SDVariable row = sd.mmul("pooling/mean", sd.permute("pooling/share_row", column, 0, 2, 1), hidden);
        return sd.reshape(name, row, -1, weights.config().hidden());
    }

    /** Only an empty mask has a smaller sum: its mean becomes 0 instead of NaN. */
    private SDVariable smallest() {
        return sd.constant("pooling/smallest_sum", Nd4j.scalar(weights.dataType(), 1e-9));
    }
}
