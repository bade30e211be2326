/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Map;
import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Some examples as the arrays of a {@link EncoderClassifier}, padded to one length.
 *
 * @param ids token ids, INT32 {@code [batch, length]}; 0 where padded
 * @param mask 1 for a token and 0 for padding, {@code [batch, length]}
 * @param labels one-hot, {@code [batch, classes]}
 * @param exampleIndices for every row the index of its example in the list that was encoded; owned by the batch
 * @apiNote Status: stable
 */
public record EncodedBatch(INDArray ids, INDArray mask, INDArray labels, int[] exampleIndices) {

    /**
     * The arrays by the name of their placeholder, labels included.
     *
     * @return an unmodifiable map
     */
    public Map<String, INDArray> placeholders() {
        return Map.of(EncoderGraph.INPUT_IDS, ids, EncoderGraph.ATTENTION_MASK, mask, EncoderClassifier.LABELS, labels);
    }

    /**
     * The number of examples.
     *
     * @return 1 or more
     */
    public int size() {
        return exampleIndices.length;
    }

    @Override
    public String toString() {
        return "EncodedBatch[ids " + ArrayText.of(ids) + ", mask " + ArrayText.of(mask) + ", labels "
                + ArrayText.of(labels) + "]";
    }
}
