/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All that a method may need to make the factors of one module.
 *
 * @param shape the module
 * @param rank rank of the update, 1 or more
 * @param scaling factor on the update; methods that split the weight divide by it
 * @param initialization the rule
 * @param random the source of randomness, for this module alone ({@link RandomStreams})
 * @param dataType data type of the weight, and so of the factors
 * @param shared shape by suffix of what all modules share, as large as the largest of them needs it
 * @param weight gives the weight of the base model in PEFT's layout, only read; asked by methods that start from it
 * @apiNote Status: experimental
 */
public record FactorStart(
        ModuleShape shape,
        int rank,
        double scaling,
        Initialization initialization,
        SplittableRandom random,
        DataType dataType,
        Map<String, long[]> shared,
        Supplier<INDArray> weight) {

    /**
     * A start without anything shared.
     *
     * @param shape the module
     * @param rank rank of the update, 1 or more
     * @param scaling factor on the update
     * @param initialization the rule
     * @param random the source of randomness
     * @param dataType data type of the weight
     * @param weight gives the weight of the base model
     */
    public FactorStart(
            ModuleShape shape,
            int rank,
            double scaling,
            Initialization initialization,
            SplittableRandom random,
            DataType dataType,
            Supplier<INDArray> weight) {
        this(shape, rank, scaling, initialization, random, dataType, Map.of(), weight);
    }
}
