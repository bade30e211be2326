/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;

/**
 * An adapter made of the difference of two full models, and what it does not hold of it.
 *
 * @param adapter the adapter: base plus adapter is nearly the tuned model
 * @param relativeErrors for each module path the Frobenius norm of what the rank could not hold over that of the whole
 *     difference, in [0, 1]; 0 where nothing differs. Rounding to the adapter's data type, about 1e-7, comes on top
 * @param leftOut names of parameters that differ and are not in the adapter, in order
 * @apiNote Status: experimental
 */
public record ExtractedAdapter(Adapter adapter, Map<String, Double> relativeErrors, List<String> leftOut) {

    /**
     * Copies the collections.
     *
     * @param adapter the adapter
     * @param relativeErrors error by module path
     * @param leftOut parameters not in the adapter
     */
    public ExtractedAdapter {
        relativeErrors = Collections.unmodifiableMap(new TreeMap<>(relativeErrors));
        leftOut = List.copyOf(leftOut);
    }
}
