/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What became of one request: its outputs, or the reason why there are none.
 *
 * @apiNote Status: experimental
 */
public sealed interface ServingResult {

    /**
     * The outputs of an answered request.
     *
     * @return arrays by name; the first axis is the row of the request
     * @throws IllegalStateException if the request failed; the message is the reason
     */
    Map<String, INDArray> outputs();

    /**
     * An answer.
     *
     * @param outputs arrays by name, in the order asked for at building; they belong to the caller
     */
    record Answer(Map<String, INDArray> outputs) implements ServingResult {

        /**
         * Keeps the order of the outputs.
         *
         * @param outputs arrays by name
         */
        public Answer {
            outputs = new LinkedHashMap<>(outputs);
        }
    }

    /**
     * A request that could not be answered; others of its batch were.
     *
     * @param reason what is wrong and what to do
     */
    record Failure(String reason) implements ServingResult {

        @Override
        public Map<String, INDArray> outputs() {
            throw new IllegalStateException(reason);
        }
    }
}
