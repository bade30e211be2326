/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * A method that says what a weight becomes, and not what is added to it, such as one that multiplies or rotates.
 *
 * @apiNote Status: experimental
 */
public interface ReplacingMethod extends AdapterMethod {

    @Override
    <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w);

    /** {@inheritDoc} The difference of what the weight becomes and the weight of the base. */
    @Override
    default <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        return module.subtract(weight(module, factors, module.weight()), module.weight());
    }
}
