/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;

/**
 * An adapter as plain LoRA, and what that could not hold.
 *
 * @param adapter the adapter, of the scaling 1 in every module
 * @param relativeErrors for each module path the Frobenius norm of what the rank could not hold over that of the update, in
 *     [0, 1]; 0 for an update of zero. Rounding to the adapter's data type, about 1e-7, comes on top
 * @param ranks for each module path the rank that its update has now
 * @apiNote Status: experimental
 */
public record ConvertedAdapter(Adapter adapter, Map<String, Double> relativeErrors, Map<String, Integer> ranks) {

    /**
     * Copies the maps.
     *
     * @param adapter the adapter
     * @param relativeErrors error by module path
     * @param ranks rank by module path
     */
    public ConvertedAdapter {
        relativeErrors = Collections.unmodifiableMap(new TreeMap<>(relativeErrors));
        ranks = Collections.unmodifiableMap(new TreeMap<>(ranks));
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
