/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.method.LoraMethod;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Small adapters, and the sums of their updates by plain loops. */
final class TestAdapters {

    private TestAdapters() {}

    static INDArray rows(double[]... rows) {
        return Nd4j.createFromArray(rows);
    }

    static INDArray row(double... row) {
        return rows(row);
    }

    static INDArray column(double... values) {
        return Nd4j.createFromArray(values).reshape(values.length, 1);
    }

    static Map<String, INDArray> linear(INDArray a, INDArray b) {
        return Map.of(LoraMethod.A, a, LoraMethod.B, b);
    }

    static Map<String, INDArray> embedding(INDArray a, INDArray b) {
        return Map.of(LoraMethod.EMBEDDING_A, a, LoraMethod.EMBEDDING_B, b);
    }

    /** An adapter of one linear module "fc". */
    static Adapter fc(double alpha, INDArray a, INDArray b) {
        LoraConfig config = LoraConfig.builder()
                .rank((int) a.size(0))
                .alpha(alpha)
                .targetModules("fc")
                .build();
        return Adapter.of(config, Map.of("fc", linear(a, b)), Map.of());
    }

    /** Random factors, from a seed, of a linear module, an embedding and a convolution. */
    static Adapter random(long seed, int rank, double alpha) {
        return random(seed, rank, alpha, DataType.FLOAT);
    }

    static Adapter random(long seed, int rank, double alpha, DataType type) {
        SplittableRandom random = RandomStreams.of(seed, "adapter");
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        modules.put(
                "fc",
                linear(RandomStreams.normal(random, 1, type, rank, 7), RandomStreams.normal(random, 1, type, 9, rank)));
        modules.put(
                "embed",
                embedding(
                        RandomStreams.normal(random, 1, type, rank, 11),
                        RandomStreams.normal(random, 1, type, 6, rank)));
        modules.put(
                "conv",
                linear(
                        RandomStreams.normal(random, 1, type, rank, 2, 3, 3),
                        RandomStreams.normal(random, 1, type, 8, rank, 1, 1)));
        LoraConfig config = LoraConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .targetModules("fc", "embed", "conv")
                .build();
        return Adapter.of(config, modules, Map.of());
    }

    static double[] delta(Adapter adapter, String module) {
        return doubles(AdapterAlgebra.deltaWeight(adapter, module));
    }

    static double[] doubles(INDArray array) {
        return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }

    /** The sum of the updates with weights. */
    static double[] sum(String module, double[] weights, Adapter... adapters) {
        double[] sum = new double[delta(adapters[0], module).length];
        for (int i = 0; i < adapters.length; i++) {
            double[] delta = delta(adapters[i], module);
            for (int j = 0; j < sum.length; j++) {
                sum[j] += weights[i] * delta[j];
            }
        }
        return sum;
    }
}
