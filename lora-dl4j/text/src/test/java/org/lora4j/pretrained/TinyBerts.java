/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Small encoders in which every tensor matters: no bias is 0, no gain is 1. */
final class TinyBerts {

    /** Every mode by itself, and joined ones with every kind of step. */
    static final List<Pooling> POOLINGS = poolings();

    private static List<Pooling> poolings() {
        List<Pooling> all = new ArrayList<>(List.of(Pooling.NORMALIZED_MEAN, Pooling.NORMALIZED_CLS));
        for (Pooling.Mode mode : Pooling.Mode.values()) {
            all.add(Pooling.of(mode));
        }
        SplittableRandom random = new SplittableRandom(11);
        all.add(Pooling.of(Pooling.Mode.MEAN, Pooling.Mode.MAX, Pooling.Mode.CLS)
                .then(
                        new Pooling.Linear(
                                "2_Dense.linear",
                                RandomStreams.uniform(random, 0.5, DataType.DOUBLE, 36, 12),
                                RandomStreams.uniform(random, 0.5, DataType.DOUBLE, 12)),
                        new Pooling.Activation(Pooling.Function.TANH),
                        new Pooling.LayerNorm(
                                "head.norm", RandomStreams.uniform(random, 0.5, DataType.DOUBLE, 12), null, 1e-5))
                .truncated(7)
                .normalized());
        return List.copyOf(all);
    }

    static final EncoderConfig CONFIG = EncoderConfig.bert(2, 12, 3, 20, 30, 16, 2);

    private TinyBerts() {}

    static EncoderWeights weights(EncoderConfig config, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        EncoderWeights.random(config, seed, DataType.DOUBLE)
                .tensors()
                .forEach((name, array) ->
                        tensors.put(name, RandomStreams.uniform(random, 0.6, DataType.DOUBLE, array.shape())));
        return EncoderWeights.of(config, tensors);
    }

    static EncoderWeights weightsWithPooler(EncoderConfig config, long seed) {
        SplittableRandom random = new SplittableRandom(seed + 1);
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(weights(config, seed).tensors());
        for (EncoderTensor tensor : config.shape().poolerTensors()) {
            tensors.put(tensor.name(), RandomStreams.uniform(random, 0.6, DataType.DOUBLE, tensor.shape()));
        }
        return EncoderWeights.of(config, tensors);
    }

    static Map<String, INDArray> batch(int[][] ids, double[][] mask) {
        Map<String, INDArray> placeholders = new LinkedHashMap<>();
        placeholders.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        placeholders.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
        return placeholders;
    }
}
