/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.OptionalDouble;
import org.lora4j.exec.ExecutionParts;

/**
 * How a run is computed, as was chosen for it or asked for.
 *
 * @param products what multiplies matrices, with which instructions, and where weights lie for it
 * @param mostParts largest number of parts that a batch is shared in, each on a thread; the number of processors, unless the plan
 *     or the model says another one
 * @param parting how the first batch is shared, and why so
 * @param batches what the source of batches says of itself, such as padding and texts that were cut
 * @param productShare share of the time of steps that went into products, 0 to 1, or empty if it was not measured, and before
 *     the end of the run
 * @apiNote Status: stable
 */
public record Computation(
        String products, int mostParts, ExecutionParts parting, String batches, OptionalDouble productShare) {

    /** One line. */
    @Override
    public String toString() {
        String threads = parting.count() > 1
                ? "batches in " + parting.count() + " parts on as many threads"
                : "batches whole (" + parting.reason() + ")";
        return "products by " + products + "; " + threads + "; " + batches;
    }
}
