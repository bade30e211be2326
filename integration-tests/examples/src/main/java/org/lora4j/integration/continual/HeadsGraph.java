/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An encoder with a head for each task. The logits of all heads stand side by side; the loss of an example counts only those
 * of its own task, which its label tells, so that nothing of the other heads learns from it.
 */
final class HeadsGraph {

    private static final float HIDDEN = 1e9f;

    private HeadsGraph() {}

    /** The path of a task's head. */
    static String head(String task) {
        return "heads." + task;
    }

    static SameDiff create(EncoderWeights weights, List<String> tasks, int classes, long seed) {
        SameDiff sd = EncoderGraph.create(weights, Pooling.MEAN).graph();
        SDVariable pooled = sd.getVariable(EncoderGraph.POOLED);
        int hidden = weights.config().hidden();
        SDVariable[] logits = new SDVariable[tasks.size()];
        for (int i = 0; i < logits.length; i++) {
            String head = head(tasks.get(i));
            SplittableRandom random = RandomStreams.of(seed, head);
            double bound = 1 / Math.sqrt(hidden);
            SDVariable weight = sd.constant(
                    head + ".weight", RandomStreams.uniform(random, bound, DataType.FLOAT, hidden, classes));
            SDVariable bias = sd.constant(head + ".bias", Nd4j.zeros(DataType.FLOAT, classes));
            logits[i] = pooled.mmul(weight).add(bias);
        }
        int all = tasks.size() * classes;
        SDVariable joined = sd.concat(EncoderClassifier.LOGITS, 1, logits);
        SDVariable labels = sd.placeHolder(EncoderClassifier.LABELS, DataType.FLOAT, -1, all);
        SDVariable sameTask = sd.constant("same_task", sameTask(tasks.size(), classes));
        SDVariable masked = joined.add(labels.mmul(sameTask).sub(1.0).mul(HIDDEN));
        SDVariable one = sd.constant("loss/weight", Nd4j.scalar(DataType.FLOAT, 1.0));
        sd.loss().softmaxCrossEntropy(EncoderClassifier.LOSS, labels, masked, one);
        sd.setLossVariables(EncoderClassifier.LOSS);
        return sd;
    }

    /** 1 where two classes belong to one task. */
    private static INDArray sameTask(int tasks, int classes) {
        int all = tasks * classes;
        float[] same = new float[all * all];
        for (int i = 0; i < all; i++) {
            for (int j = 0; j < all; j++) {
                same[i * all + j] = i / classes == j / classes ? 1 : 0;
            }
        }
        return Nd4j.create(same, new long[] {all, all}, 'c');
    }
}
