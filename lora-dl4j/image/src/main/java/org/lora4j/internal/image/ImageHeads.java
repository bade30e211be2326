/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A classifier's weights as a file of its Python class has them.
 *
 * @apiNote Status: internal
 */
public final class ImageHeads {

    private static final String WEIGHT = ImageWeights.CLASSIFIER + ".weight";
    private static final String BIAS = ImageWeights.CLASSIFIER + ".bias";

    private ImageHeads() {}

    /** Whether a head is the mean of a student's and its teacher's: then it takes both of their tokens. */
    private static boolean isWithTeacher(ImageConfig config, ModelWeights weights) {
        return config.isWithTeacher() && weights.shape(WEIGHT)[1] == 2L * config.hidden();
    }

    /**
     * The Python class that reads the weights.
     *
     * @param weights of the encoder and a head
     */
    public static String architecture(ImageConfig config, ModelWeights weights) {
        return isWithTeacher(config, weights)
                ? config.architecture()
                : config.family().classifierClass();
    }

    /**
     * The weights by the names of that class, which has no pooler.
     *
     * @param weights of the encoder and a head, by names without a prefix
     * @return names with a prefix; two heads where they were one for computing
     */
    public static Map<String, INDArray> forFile(ImageConfig config, ModelWeights weights) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (String name : weights.names()) {
            if (!name.equals(WEIGHT) && !name.equals(BIAS) && !name.startsWith(ImageTensor.POOLER + ".")) {
                tensors.put(config.family().modelType() + "." + name, weights.get(name));
            }
        }
        INDArray weight = weights.get(WEIGHT);
        INDArray bias = weights.get(BIAS);
        if (!isWithTeacher(config, weights)) {
            tensors.put(WEIGHT, weight);
            tensors.put(BIAS, bias);
            return tensors;
        }
        int hidden = config.hidden();
        tensors.put(ImageWeights.STUDENT + ".weight", half(weight, 0, hidden));
        tensors.put(ImageWeights.STUDENT + ".bias", bias);
        tensors.put(ImageWeights.TEACHER + ".weight", half(weight, hidden, 2 * hidden));
        tensors.put(ImageWeights.TEACHER + ".bias", bias);
        return tensors;
    }

    /** Twice the columns, as the mean of both heads is half their sum. */
    private static INDArray half(INDArray weight, int from, int to) {
        return weight.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to)).mul(2);
    }
}
