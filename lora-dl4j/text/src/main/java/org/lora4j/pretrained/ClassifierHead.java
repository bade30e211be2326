/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What makes scores for the classes of one vector for a text: one linear module, or two with tanh in between. */
final class ClassifierHead {

    private static final String DENSE = BertClassifier.HEAD + ".dense";
    private static final String PROJECTION = BertClassifier.HEAD + ".out_proj";

    private final Map<String, INDArray> tensors;
    private final boolean learns;

    private ClassifierHead(Map<String, INDArray> tensors, boolean learns) {
        this.tensors = tensors;
        this.learns = learns;
    }

    /** The tensors of a head, from input to output; the one with a hidden layer is RoBERTa's. */
    static List<BertTensor> tensors(boolean hiddenLayer, int hidden, int classes) {
        return hiddenLayer
                ? Stream.concat(
                                BertTensor.linear(DENSE, hidden, hidden).stream(),
                                BertTensor.linear(PROJECTION, hidden, classes).stream())
                        .toList()
                : BertTensor.linear(BertClassifier.HEAD, hidden, classes);
    }

    /** A head of variables, started as PyTorch's {@code Linear} starts. */
    static ClassifierHead fresh(List<BertTensor> tensors, DataType type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        // The first weight is [in, out], and both layers have the same inputs.
        double bound = 1 / Math.sqrt(tensors.get(0).shape()[0]);
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        tensors.forEach(
                tensor -> arrays.put(tensor.name(), RandomStreams.uniform(random, bound, type, tensor.shape())));
        return new ClassifierHead(arrays, true);
    }

    /** A head of constants, from a file. */
    static ClassifierHead of(Map<String, INDArray> tensors) {
        return new ClassifierHead(tensors, false);
    }

    int classes() {
        INDArray bias = tensors.getOrDefault(PROJECTION + ".bias", tensors.get(BertClassifier.HEAD + ".bias"));
        return Math.toIntExact(bias.length());
    }

    /** Appends the head; the result is {@link BertClassifier#LOGITS}. */
    SDVariable logits(SameDiff sd, SDVariable pooled) {
        if (!tensors.containsKey(DENSE + ".weight")) {
            return linear(sd, pooled, BertClassifier.HEAD, BertClassifier.LOGITS);
        }
        SDVariable dense = linear(sd, pooled, DENSE, DENSE + "/output");
        SDVariable active = sd.math().tanh(BertClassifier.HEAD + "/activation", dense);
        return linear(sd, active, PROJECTION, BertClassifier.LOGITS);
    }

    private SDVariable linear(SameDiff sd, SDVariable x, String module, String result) {
        SDVariable weight = parameter(sd, module + ".weight");
        return x.mmul(module + "/product", weight).add(result, parameter(sd, module + ".bias"));
    }

    private SDVariable parameter(SameDiff sd, String name) {
        return learns ? sd.var(name, tensors.get(name)) : sd.constant(name, tensors.get(name));
    }
}
