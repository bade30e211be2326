/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import java.util.Iterator;
import java.util.List;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.LengthBuckets;
import org.nd4j.linalg.api.ndarray.INDArray;

/** How often a text classifier is right. */
public final class Accuracy {

    private Accuracy() {}

    /**
     * The share of examples whose label has the largest logit.
     *
     * @param executor computes {@link EncoderClassifier#LOGITS}
     * @param examples the examples
     * @return 0 to 1
     */
    public static double of(GraphExecutor executor, LengthBuckets examples) {
        int right = 0;
        for (Iterator<EncodedBatch> batches = examples.inOrder(); batches.hasNext(); ) {
            EncodedBatch batch = batches.next();
            INDArray logits = executor.output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                    .get(EncoderClassifier.LOGITS);
            int[] found = logits.argMax(1).toIntVector();
            int[] expected = batch.labels().argMax(1).toIntVector();
            for (int row = 0; row < found.length; row++) {
                right += found[row] == expected[row] ? 1 : 0;
            }
        }
        return (double) right / examples.size();
    }
}
