/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far the features of a model are from those of its base, on the same examples.
 *
 * @param state what the model was like, for instance {@code adapter on}
 * @param cosineDistance mean over the examples of 1 - cos of both features, 0 to 2; exactly 0 where they are equal
 * @param relativeL2 length of the difference of all features by the length of the base's
 * @param largestDifference of any feature of any example
 * @param neighborOverlap mean share of the nearest neighbors of an example (by cosine, among the other examples) that are its
 *     nearest neighbors in the base, too, 0 to 1
 * @param headAccuracy accuracy of earlier heads by name, 0 to 1
 * @apiNote Status: experimental
 */
public record Retention(
        String state,
        double cosineDistance,
        double relativeL2,
        double largestDifference,
        double neighborOverlap,
        Map<String, Double> headAccuracy) {

    /**
     * Keeps the order of the heads.
     *
     * @param state what the model was like
     * @param cosineDistance mean cosine distance
     * @param relativeL2 relative length of the difference
     * @param largestDifference largest difference
     * @param neighborOverlap overlap of nearest neighbors
     * @param headAccuracy accuracy of earlier heads by name
     */
    public Retention {
        headAccuracy = Collections.unmodifiableMap(new LinkedHashMap<>(headAccuracy));
    }

    /**
     * Whether every feature equals the base's.
     *
     * @return true if no two values differ
     */
    public boolean isExact() {
        return largestDifference == 0;
    }
}
