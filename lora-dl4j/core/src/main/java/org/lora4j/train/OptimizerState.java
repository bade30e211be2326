/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What an optimizer remembers of one parameter, in a form that can be stored.
 *
 * @param updates number of updates so far, 0 or above
 * @param arrays the remembered arrays by name (for {@link AdamW} {@code m} and {@code v}), of the parameter's type
 *     and, but for {@link Nd4jOptimizer}, of its shape; empty for an optimizer without memory
 * @apiNote Status: stable
 */
public record OptimizerState(long updates, Map<String, INDArray> arrays) {

    /**
     * Checks and freezes the map.
     *
     * @param updates number of updates so far, 0 or above
     * @param arrays the remembered arrays by name (for {@link AdamW} {@code m} and {@code v}), of the parameter's type
     *     and, but for {@link Nd4jOptimizer}, of its shape; empty for an optimizer without memory
     * @throws IllegalArgumentException if {@code updates} is negative
     */
    public OptimizerState {
        Problems problems = new Problems();
        problems.atLeast("updates", updates, 0);
        problems.throwIfAny("OptimizerState");
        arrays = Collections.unmodifiableMap(new LinkedHashMap<>(arrays));
    }

    @Override
    public String toString() {
        return "OptimizerState[" + updates + " updates, " + ArrayText.of(arrays) + "]";
    }
}
