/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

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
        Supplier<INDArray> weight) {}
