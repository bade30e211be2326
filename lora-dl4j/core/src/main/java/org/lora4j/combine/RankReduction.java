/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;

/**
 * An adapter of lower rank and what it lost.
 *
 * @param adapter the best approximation of each module's update by its rank (Eckart, Young 1936), with scaling 1
 * @param relativeErrors for each module path the Frobenius norm of what was lost over that of the update, in [0, 1]; 0
 *     for an update of zero. Rounding to the adapter's data type, about 1e-7, comes on top
 * @apiNote Status: experimental
 */
public record RankReduction(Adapter adapter, Map<String, Double> relativeErrors) {

    /**
     * Copies the errors.
     *
     * @param adapter the adapter of lower rank
     * @param relativeErrors error by module path
     */
    public RankReduction {
        relativeErrors = Collections.unmodifiableMap(new TreeMap<>(relativeErrors));
    }

    /**
     * The error of the module that lost most.
     *
     * @return 0 if there are no modules
     */
    public double largestError() {
        return relativeErrors.values().stream().max(Double::compare).orElse(0.0);
    }
}
