/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;

/**
 * What a trainer knows of a run that has ended: with what learned, it makes a {@link Receipt}. Models whose adapters learn keep it
 * until an adapter is taken from them.
 *
 * @param start the hash of the values that the run began with
 * @param data the examples of the first epoch, as the batches had them; empty if they are not known
 * @param plan the plan
 * @param result what happened
 * @apiNote Status: stable
 */
public record RunEvidence(String start, Optional<DataHashes> data, TrainingPlan plan, TrainingResult result) {

    /** What such a receipt names as its task. */
    public static final String TASK = "Trainer";

    /**
     * Checks that all is there.
     *
     * @param start as in the record
     * @param data as in the record
     * @param plan as in the record
     * @param result as in the record
     */
    public RunEvidence {
        Arguments.required(start, "RunEvidence: start", "a hash");
        Arguments.required(data, "RunEvidence: data", "an Optional");
        Arguments.required(plan, "RunEvidence: plan", "the plan of the run");
        Arguments.required(result, "RunEvidence: result", "what the run did");
    }

    /**
     * The receipt of an adapter that learned in the run.
     *
     * @param hashes as in {@link Receipt}: of the adapter, and of its base if that is known
     * @param config the config of the adapter
     * @return the receipt
     */
    public Receipt receipt(Map<String, String> hashes, Map<String, Object> config) {
        return RunReceipt.of(
                TASK,
                hashes,
                data.map(examples -> Map.of(Receipt.TRAIN, examples)).orElse(Map.of()),
                config,
                this);
    }
}
