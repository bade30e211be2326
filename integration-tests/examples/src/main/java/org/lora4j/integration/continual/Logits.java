/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.lora4j.Lora;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a graph says about texts.
 *
 * @param rows one for each text, in their order; one number for each class of all tasks
 */
record Logits(float[][] rows) {

    static Logits of(SameDiff graph, Inputs inputs, Texts texts) {
        GraphExecutor executor = Lora.executor(graph);
        return new Logits(output(executor, EncoderClassifier.LOGITS, inputs, texts));
    }

    /** An output of an executor for each text. */
    static float[][] output(GraphExecutor executor, String name, Inputs inputs, Texts texts) {
        float[][] rows = new float[texts.texts().size()][];
        Iterator<EncodedBatch> batches = texts.buckets().inOrder();
        while (batches.hasNext()) {
            EncodedBatch batch = batches.next();
            Map<String, INDArray> arrays = new HashMap<>(inputs.of(batch, texts.texts()));
            arrays.remove(EncoderClassifier.LABELS);
            float[][] output = executor.output(arrays, List.of(name)).get(name).toFloatMatrix();
            for (int i = 0; i < output.length; i++) {
                rows[batch.exampleIndices()[i]] = output[i];
            }
        }
        return rows;
    }

    /** The best class of a text among some that stand side by side. */
    int best(int text, int from, int to) {
        int best = from;
        for (int i = from + 1; i < to; i++) {
            if (rows[text][i] > rows[text][best]) {
                best = i;
            }
        }
        return best;
    }

    /** The best class of all tasks. */
    int best(int text) {
        return best(text, 0, rows[text].length);
    }
}
