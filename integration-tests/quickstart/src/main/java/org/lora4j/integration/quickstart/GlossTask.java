/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.integration.demonstration.Accuracy;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.train.Batches;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The task: tell the lexicographer category of a WordNet noun from its gloss. */
final class GlossTask {

    /** Longest sequence in tokens; one gloss in a thousand is longer. */
    static final int MAX_LENGTH = 64;

    /**
     * Of short texts more go into a batch than of long ones: 17 on average, 35 of 9 tokens, 5 of 64. With twice as many it takes
     * three epochs, not two, to be right as often.
     */
    static final int TOKENS_IN_A_BATCH = 320;

    static final int CLASSES = NounCategory.names().size();

    /** So many texts tell whether two models give the same. */
    private static final int SOME = 500;

    private final LengthBuckets training;
    private final LengthBuckets heldOut;

    private GlossTask(LengthBuckets training, LengthBuckets heldOut) {
        this.training = training;
        this.heldOut = heldOut;
    }

    static GlossTask load(long seed) throws IOException {
        WordNetGlosses glosses = WordNetGlosses.load(seed);
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(MAX_LENGTH)) {
            return new GlossTask(buckets(glosses.training(), tokenizer), buckets(glosses.heldOut(), tokenizer));
        }
    }

    private static LengthBuckets buckets(List<TextExample> examples, HuggingFaceTextTokenizer tokenizer) {
        return LengthBuckets.of(examples, tokenizer, CLASSES, examples.size()).withTokenBudget(TOKENS_IN_A_BATCH);
    }

    LengthBuckets training() {
        return training;
    }

    LengthBuckets heldOut() {
        return heldOut;
    }

    /** The training examples as the training loop takes them. */
    Batches batches() {
        return training.batches();
    }

    /** Share of the held-out examples whose category has the largest logit. */
    double accuracy(GraphExecutor executor) {
        return Accuracy.of(executor, heldOut);
    }

    /** The logits of all held-out examples, in the order of the batches. */
    private INDArray heldOutLogits(GraphExecutor executor) {
        return logits(executor, heldOut.size());
    }

    /** The logits of the first of the held-out examples, from the shortest text on: enough to compare two models. */
    INDArray logitsOfSome(GraphExecutor executor) {
        return logits(executor, Math.min(SOME, heldOut.size()));
    }

    private INDArray logits(GraphExecutor executor, int count) {
        INDArray found = Nd4j.create(count, CLASSES);
        int row = 0;
        Iterator<EncodedBatch> batches = heldOut.inOrder();
        while (row < count) {
            EncodedBatch batch = batches.next();
            INDArray logits = executor.output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                    .get(EncoderClassifier.LOGITS);
            for (int i = 0; i < batch.size() && row < count; i++) {
                found.putRow(row++, logits.getRow(i));
            }
        }
        return found;
    }
}
