/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The answers of a batch whose rows have adapters of their own.
 *
 * @param outputs arrays by name, in the order asked for at building; they belong to the caller
 * @param by for each row the adapter that made it
 * @apiNote Status: stable
 */
public record RowAnswers(Map<String, INDArray> outputs, List<ServedBy> by) {

    /**
     * Keeps the order of the outputs.
     *
     * @param outputs as in the record
     * @param by as in the record
     */
    public RowAnswers {
        outputs = new LinkedHashMap<>(Arguments.allRequired(outputs, "RowAnswers: outputs", "an array"));
        by = List.copyOf(Arguments.allRequired(by, "RowAnswers: by", "which adapter made the row"));
    }
}
