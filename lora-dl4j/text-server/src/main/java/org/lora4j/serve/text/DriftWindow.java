/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import org.lora4j.error.Arguments;
import org.lora4j.serve.ServedBy;

/**
 * Vectors of training texts and of the last requests, both by the same adapter: whether one can be told from the other is the shift
 * question of the data advisor, {@code DataAdvisor.shift(reference, served)}.
 *
 * @param by which adapter made all vectors
 * @param reference a vector for each training text; owned by this object
 * @param served a vector for each of the last texts that were asked; owned by this object
 * @apiNote Status: experimental
 */
public record DriftWindow(ServedBy by, float[][] reference, float[][] served) {

    /**
     * Checks that all is there.
     *
     * @param by as in the record
     * @param reference as in the record
     * @param served as in the record
     */
    public DriftWindow {
        Arguments.required(by, "DriftWindow: by", "which adapter made the vectors");
        Arguments.required(reference, "DriftWindow: reference", "vectors of training texts");
        Arguments.required(served, "DriftWindow: served", "vectors of requests");
    }
}
