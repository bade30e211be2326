/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.SplittableRandom;
import org.lora4j.config.Initialization;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All that a method may need to make the factors of one module.
 *
 * @param shape the module
 * @param rank rank of the update, 1 or more
 * @param scaling factor on the update; methods that split the weight divide by it
 * @param initialization the rule
 * @param random the source of randomness, for this module alone ({@link RandomStreams})
 * @param weight the weight of the base model in PEFT's layout; only read. Its data type is that of the factors
 * @apiNote Status: experimental
 */
public record FactorStart(
        ModuleShape shape,
        int rank,
        double scaling,
        Initialization initialization,
        SplittableRandom random,
        INDArray weight) {}
