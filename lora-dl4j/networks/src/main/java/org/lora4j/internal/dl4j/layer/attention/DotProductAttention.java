/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Scaled dot product attention (Vaswani et al. 2017, equation 1) and its derivative, for n heads at once: queries
 * [n, queries, size], keys and values [n, keys, size], all in C order.
 *
 * <p>The attention is {@code P = softmax(Q K^T / sqrt(size) + 1e9 (mask - 1))}, the result {@code O = P V}. With D the gradient of
 * O: {@code gV = P^T D}, {@code gP = D V^T}, {@code gS = P * (gP - rowsum(P * gP))}, {@code gQ = gS K / sqrt(size)} and
 * {@code gK = gS^T Q / sqrt(size)}.
 */
final class DotProductAttention {

    /** What the native operation takes off the scores of masked keys. */
    private static final double MASKED = 1e9;

    private DotProductAttention() {}

    /** The gradients of queries, keys and values. */
    record Gradients(INDArray queries, INDArray keys, INDArray values) {}

    /**
     * P, [n, queries, keys].
     *
     * @param mask [batch, keys], 0 for a key that is not seen, where n is a multiple of the batch and the heads of an
     *     example are neighbors; null for none
     */
    static INDArray weights(INDArray queries, INDArray keys, INDArray mask, Space space) {
        INDArray scores = space.array(queries.dataType(), queries.size(0), queries.size(1), keys.size(1));
        product(queries, false, keys, true, scores);
        scores.divi(Math.sqrt(queries.size(2)));
        if (mask != null) {
            long batch = mask.size(0);
            INDArray offset = mask.castTo(scores.dataType()).sub(1).muli(MASKED);
            scores.reshape('c', true, batch, scores.size(0) / batch, scores.size(1), scores.size(2))
                    .addi(offset.reshape(batch, 1, 1, scores.size(2)));
        }
        return softmax(scores);
    }

    // Not the native operation: over rows it fills what lies far below zero with NaN.
    private static INDArray softmax(INDArray scores) {
        scores.subi(scores.max(true, 2));
        Transforms.exp(scores, false);
        return scores.divi(scores.sum(true, 2));
    }

    /** O, [n, queries, size]. */
    static INDArray mix(INDArray weights, INDArray values, Space space) {
        INDArray mixed = space.array(values.dataType(), values.size(0), weights.size(1), values.size(2));
        product(weights, false, values, false, mixed);
        return mixed;
    }

    static Gradients backward(
            INDArray queries, INDArray keys, INDArray values, INDArray weights, INDArray delta, Space space) {
        INDArray ofValues = space.array(values.dataType(), values.shape());
        product(weights, true, delta, false, ofValues);
        INDArray ofScores = space.array(weights.dataType(), weights.shape());
        product(delta, false, values, true, ofScores);
        ofScores.muli(weights);
        ofScores.subi(weights.mul(ofScores.sum(true, 2))).divi(Math.sqrt(queries.size(2)));
        INDArray ofQueries = space.array(queries.dataType(), queries.shape());
        product(ofScores, false, keys, false, ofQueries);
        INDArray ofKeys = space.array(keys.dataType(), keys.shape());
        product(ofScores, true, queries, false, ofKeys);
        return new Gradients(ofQueries, ofKeys, ofValues);
    }

    private static void product(INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray result) {
        Nd4j.matmul(a, b, result, transposeA, transposeB, false);
    }
}
