/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A batch of full length for a classifier on MiniLM: random ids and labels, no padding. */
final class MiniLmBatch {

    static final int ROWS = 32;
    static final int LENGTH = 64;
    static final int CLASSES = 25;

    private MiniLmBatch() {}

    static Map<String, INDArray> of(int vocabulary, SplittableRandom random) {
        int[][] ids = new int[ROWS][LENGTH];
        float[][] labels = new float[ROWS][CLASSES];
        for (int row = 0; row < ROWS; row++) {
            labels[row][random.nextInt(CLASSES)] = 1;
            ids[row] = random.ints(LENGTH, 0, vocabulary).toArray();
        }
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        arrays.put(EncoderGraph.ATTENTION_MASK, Nd4j.ones(ROWS, LENGTH));
        arrays.put(EncoderClassifier.LABELS, Nd4j.createFromArray(labels));
        return arrays;
    }
}
