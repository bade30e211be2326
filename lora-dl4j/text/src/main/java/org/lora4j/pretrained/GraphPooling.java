/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import org.lora4j.internal.encoder.EncoderPart;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** Appends the pooling of hidden states to the graph of an encoder, whose pooler it knows. */
final class GraphPooling {

    private final SameDiff sd;
    private final EncoderWeights weights;
    private final String prefix;

    /** The prefix, empty or with a dot at its end, goes before the path of the pooler. */
    GraphPooling(SameDiff sd, EncoderWeights weights, String prefix) {
        this.sd = sd;
        this.weights = weights;
        this.prefix = prefix;
    }

    /** Appends the pooling of {@code hidden}, {@code [batch, length, hidden]}, into {@code [batch, features]}. */
    SDVariable pooled(SDVariable hidden, Pooling pooling) {
        PoolingGraph.Source source = new PoolingGraph.Source(
                hidden, sd.getVariable("input_ids/shape"), weights.config().hidden(), this::pooler);
        return new PoolingGraph(sd, weights.dataType()).pooled(source, pooling);
    }

    private SDVariable pooler(SDVariable first, String result) {
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
        return sd.math().tanh(result, dense);
    }
}
