/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One way to adapt a module with few numbers: which factors there are, how they start, what they add to the weight.
 *
 * <p>All arrays are in PEFT's layouts ({@link ModuleShape} for weights, {@link #factors} for factors) and factors are
 * named by PEFT's suffixes, for instance {@code lora_A.weight}.
 *
 * <p><b>State and threads.</b> Implementations have no state; nothing here writes to an array that it was given.
 *
 * @apiNote Status: experimental
 */
public interface AdapterMethod {

    /**
     * The name of the method in messages and reports.
     *
     * @return a short name, for instance {@code LoRA}
     */
    String name();

    /**
     * The factors of one module.
     *
     * @param shape the module
     * @param rank rank of the update, 1 or more; it may exceed the sizes of the module
     * @return shape by suffix, in a fixed order
     * @throws IllegalArgumentException if the rank is below 1
     */
    Map<String, long[]> factors(ModuleShape shape, int rank);

    /**
     * Whether a tensor is a bias or a gain and not a factor of the update.
     *
     * @param suffix a suffix of {@link #factors}
     * @return true if it is trained without weight decay by default
     */
    default boolean isBiasOrGain(String suffix) {
        return false;
    }

    /**
     * Makes the factors that training starts from.
     *
     * @param start the module, the rule and the source of randomness
     * @return a new array by suffix, in the order of {@link #factors}, of the data type of the module's weight
     */
    Map<String, INDArray> initialize(FactorStart start);

    /**
     * What the factors add to the weight.
     *
     * @param shape the module
     * @param weight the weight of the base model; only read, and only by methods whose update depends on it
     * @param factors the factors by suffix
     * @param scaling factor on the update, alpha/rank or alpha/sqrt(rank)
     * @return a new array of the shape and data type of {@code weight}; half precision is computed in FLOAT and rounded
     *     once
     * @throws IllegalArgumentException if a factor is missing or does not fit
     */
    INDArray deltaWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling);

    /**
     * The weight with the update in it.
     *
     * @param shape the module
     * @param weight the weight of the base model; only read
     * @param factors the factors by suffix
     * @param scaling factor on the update
     * @return a new array of the shape and data type of {@code weight}
     * @throws IllegalArgumentException if a factor is missing or does not fit
     */
    default INDArray mergedWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        INDArray delta = deltaWeight(shape, weight, factors, scaling);
        return delta.addi(weight);
    }

    /**
     * What the factors add to the bias of the module.
     *
     * @param shape the module
     * @param factors the factors by suffix
     * @param scaling factor on the update
     * @return a new array [outputs], or empty if the bias stays as it is
     */
    default Optional<INDArray> deltaBias(ModuleShape shape, Map<String, INDArray> factors, double scaling) {
        return Optional.empty();
    }
}
