/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;

/**
 * What a merge did, and what it cost.
 *
 * @param adapters names of the adapters merged now
 * @param modules number of modules whose weight changed
 * @param largestChange largest absolute difference between a merged weight and the base's
 * @param largestRounding largest absolute difference between a merged weight and the exact sum, which is computed in
 *     double precision and rounded once: what merging into the weight's data type costs
 * @param module path of the module with the largest rounding
 * @param bytes memory of the new weights; the base's stay in memory too, so that a merge can be undone exactly
 * @apiNote Status: stable
 */
public record MergeReport(
        List<String> adapters, int modules, double largestChange, double largestRounding, String module, long bytes) {

    /**
     * Copies the list.
     *
     * @param adapters names of the adapters
     * @param modules number of modules
     * @param largestChange largest change of a weight
     * @param largestRounding largest rounding of a weight
     * @param module path of the module with the largest rounding
     * @param bytes memory of the new weights
     */
    public MergeReport {
        adapters = List.copyOf(adapters);
    }
}
