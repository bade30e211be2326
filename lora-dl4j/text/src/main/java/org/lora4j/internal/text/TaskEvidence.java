/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.lora4j.train.FitReport;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a receipt of a fit is made of, kept until somebody asks for it: the hash of a base takes longer than all the rest. What
 * is trained further, or changed in another way, has no receipt.
 *
 * @apiNote Status: internal
 */
public final class TaskEvidence {

    private static final Logger LOG = LoggerFactory.getLogger(TaskEvidence.class);

    private final String trained;
    private final Supplier<Receipt> receipt;

    private TaskEvidence(String trained, Supplier<Receipt> receipt) {
        this.trained = trained;
        this.receipt = receipt;
    }

    /**
     * Takes note of a fit that has ended.
     *
     * @param task what was trained
     * @param encoder the hashes of the encoder and its tokenizer
     * @param data the examples
     * @param report what happened
     */
    public static TaskEvidence of(
            String task,
            TaskModel model,
            Supplier<Map<String, String>> encoder,
            Map<String, DataHashes> data,
            TrainingPlan plan,
            long seed,
            FitReport report) {
        String trained = model.contentHash();
        Map<String, Object> config = model.peftConfig();
        return new TaskEvidence(trained, () -> {
            Map<String, String> hashes = new LinkedHashMap<>();
            hashes.put(Receipt.TRAINED, trained);
            hashes.putAll(encoder.get());
            return RunReceipt.of(task, hashes, data, config, plan, seed, report);
        });
    }

    /** Of a model that was loaded with its receipt. */
    public static TaskEvidence loaded(TaskModel model, Receipt receipt) {
        return new TaskEvidence(model.contentHash(), () -> receipt);
    }

    /**
     * The receipt.
     *
     * @param where the call, for the log
     * @return empty if the model is not what it was any more
     */
    public Optional<Receipt> receipt(String where, TaskModel model) {
        if (!trained.equals(model.contentHash())) {
            LOG.warn("{}: what was trained was changed since, so that there is no receipt of it", where);
            return Optional.empty();
        }
        return Optional.of(receipt.get());
    }
}
