/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.error.Arguments;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What became of one request: its outputs, or the reason why there are none.
 *
 * @apiNote Status: stable
 */
public sealed interface ServingResult {

    /**
     * The outputs of an answered request.
     *
     * @return arrays by name; the first axis is the row of the request
     * @throws IllegalStateException if the request failed; the message is the reason, with the cause
     */
    Map<String, INDArray> outputs();

    /**
     * An answer.
     *
     * @param outputs arrays by name, in the order asked for at building; they belong to the caller
     * @param by which adapter made it
     * @apiNote Status: stable
     */
    record Answer(Map<String, INDArray> outputs, ServedBy by) implements ServingResult {

        /**
         * Keeps the order of the outputs.
         *
         * @param outputs arrays by name
         * @param by which adapter made it
         */
        public Answer {
            Arguments.required(by, "Answer: by", "which adapter made it");
            Arguments.required(outputs, "Answer: outputs", "arrays by name");
            outputs = new LinkedHashMap<>(outputs);
        }
    }

    /**
     * A request that could not be answered; others of its batch were.
     *
     * @param reason what is wrong and what to do; never blank
     * @param cause what was thrown
     * @apiNote Status: stable
     */
    record Failure(String reason, Throwable cause) implements ServingResult {

        /**
         * Checks that there is a reason.
         *
         * @param reason what is wrong and what to do
         * @param cause what was thrown
         * @throws IllegalArgumentException if the reason is blank
         * @throws NullPointerException if the reason or the cause is null
         */
        public Failure {
            Objects.requireNonNull(reason, "Failure: the reason is null; expected what is wrong");
            Objects.requireNonNull(cause, "Failure: the cause is null; expected what was thrown");
            if (reason.isBlank()) {
                throw new IllegalArgumentException("Failure: the reason is blank; expected what is wrong.");
            }
        }

        @Override
        public Map<String, INDArray> outputs() {
            throw new IllegalStateException(reason, cause);
        }
    }
}
