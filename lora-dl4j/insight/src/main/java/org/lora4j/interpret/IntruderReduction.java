/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;

/**
 * An adapter with less of its intruder dimensions.
 *
 * @param adapter the adapter, of the config of the one before; modules without intruders have its factors
 * @param before the intruder dimensions of the adapter before
 * @param relativeErrors for each module that was reduced the Frobenius norm of what the rank could not hold over
 *     that of the change wanted, in [0, 1]: taking directions of the base away needs a higher rank than the update has
 * @apiNote Status: experimental
 */
public record IntruderReduction(Adapter adapter, IntruderReport before, Map<String, Double> relativeErrors) {

    /**
     * Copies the errors.
     *
     * @param adapter the reduced adapter
     * @param before intruder dimensions of the adapter before
     * @param relativeErrors error by module path
     */
    public IntruderReduction {
        relativeErrors = Collections.unmodifiableMap(new TreeMap<>(relativeErrors));
    }
}
