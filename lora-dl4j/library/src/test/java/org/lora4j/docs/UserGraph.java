/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** The reader's own graph, as the examples imagine it: two dense layers and a head, and data that it can learn. */
final class UserGraph {

    static final int FEATURES = 8;
    static final int CLASSES = 3;
    static final int EXAMPLES = 96;
    static final int BATCH = 16;

    private UserGraph() {}

    static SameDiff create() {
        SplittableRandom random = new SplittableRandom(1);
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, FEATURES);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, CLASSES);
        SDVariable one = dense(sd, random, "dense1", input, FEATURES, 16);
        SDVariable two = dense(sd, random, "dense2", sd.nn().relu(one, 0), 16, 16);
        SDVariable logits = dense(sd, random, "head", sd.nn().relu(two, 0), 16, CLASSES);
        sd.nn().softmax("scores", logits, -1);
        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        return sd;
    }

    private static SDVariable dense(
            SameDiff sd, SplittableRandom random, String name, SDVariable x, int inputs, int outputs) {
        SDVariable weight = sd.var(name + ".weight", uniform(random, 0.4, inputs, outputs));
        SDVariable bias = sd.var(name + ".bias", Nd4j.zeros(DataType.FLOAT, outputs));
        return x.mmul(name + "/product", weight).add(name + "/output", bias);
    }

    private static INDArray uniform(SplittableRandom random, double bound, int rows, int columns) {
        float[][] values = new float[rows][columns];
        for (float[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) random.nextDouble(-bound, bound);
            }
        }
        return Nd4j.createFromArray(values);
    }

    /** The class of an example is the largest of its first three features. */
    static DataSet examples(long seed) {
        INDArray input = uniform(new SplittableRandom(seed), 1, EXAMPLES, FEATURES);
        float[][] labels = new float[EXAMPLES][CLASSES];
        for (int i = 0; i < EXAMPLES; i++) {
            int best = 0;
            for (int c = 1; c < CLASSES; c++) {
                best = input.getDouble(i, c) > input.getDouble(i, best) ? c : best;
            }
            labels[i][best] = 1;
        }
        return new DataSet(input, Nd4j.createFromArray(labels));
    }

    static DataSetIterator iterator() {
        List<DataSet> all = new ArrayList<>(examples(2).asList());
        return new ListDataSetIterator<>(all, BATCH);
    }

    static double largestDifference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }
}
