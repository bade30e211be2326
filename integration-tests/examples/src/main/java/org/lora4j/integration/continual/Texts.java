/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;

/**
 * Texts and their batches.
 *
 * @param texts the texts
 * @param buckets the same, encoded
 */
record Texts(List<LabeledText> texts, LengthBuckets buckets) {

    /** All texts once in each epoch, shuffled, as a graph takes them. */
    Batches batches(Inputs inputs) {
        Batches passes = (epoch, seed) -> stream(buckets.epoch(epoch, seed))
                .map(batch -> Batch.disposable(inputs.of(batch, texts), batch.size()))
                .iterator();
        return passes.withBatchesPerEpoch(buckets.batchesPerEpoch());
    }

    private static Stream<EncodedBatch> stream(Iterator<EncodedBatch> batches) {
        Iterable<EncodedBatch> once = () -> batches;
        return StreamSupport.stream(once.spliterator(), false);
    }
}
