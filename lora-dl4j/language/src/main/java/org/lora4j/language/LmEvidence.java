/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.language.training.TokenRow;
import org.lora4j.train.FitReport;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;

/**
 * What a receipt of a training of a language model is made of, kept until somebody asks for it; or the receipt that an adapter
 * was read with.
 *
 * @param adapter the hash of the adapter that learned; empty if all weights did
 * @param data the examples
 * @param plan the plan; null if the receipt was read
 * @param report what happened; null if the receipt was read
 * @param read the receipt, if it was read
 */
record LmEvidence(
        Optional<String> adapter,
        Map<String, DataHashes> data,
        TrainingPlan plan,
        long seed,
        FitReport report,
        Optional<Receipt> read) {

    static LmEvidence of(
            Optional<String> adapter,
            List<TokenRow> train,
            Optional<List<TokenRow>> validation,
            TrainingPlan plan,
            long seed,
            FitReport report) {
        Map<String, DataHashes> data = new LinkedHashMap<>();
        data.put(Receipt.TRAIN, hashes(train));
        validation.ifPresent(part -> data.put(Receipt.VALIDATION, hashes(part)));
        return new LmEvidence(adapter, data, plan, seed, report, Optional.empty());
    }

    static LmEvidence read(Receipt receipt) {
        return new LmEvidence(receipt.hash(Receipt.TRAINED), Map.of(), null, 0, null, Optional.of(receipt));
    }

    private static DataHashes hashes(List<TokenRow> rows) {
        DataHashes.Gathering gathering = new DataHashes.Gathering();
        for (TokenRow row : rows) {
            for (int i = 0; i < row.length(); i++) {
                gathering.number(row.ids()[i]).number(row.labels()[i]);
            }
            gathering.text(row.kind()).end();
        }
        return gathering.hashes();
    }

    /** The receipt of an adapter; empty if it is not what was trained any more. */
    Optional<Receipt> of(CausalLm model, Adapter now) throws IOException {
        if (!adapter.equals(Optional.of(now.contentHash()))) {
            return Optional.empty();
        }
        return Optional.of(read.isPresent() ? read.get() : receipt(model, now.contentHash(), now.peftConfig()));
    }

    /** The receipt of all weights. */
    Receipt ofWeights(CausalLm model) throws IOException {
        return read.isPresent() ? read.get() : receipt(model, BaseContent.ofTrained(model), Map.of());
    }

    private Receipt receipt(CausalLm model, String trained, Map<String, Object> config) throws IOException {
        Map<String, String> hashes = new LinkedHashMap<>();
        hashes.put(Receipt.TRAINED, trained);
        hashes.putAll(BaseContent.hashes(model));
        if (adapter.isPresent() && model.hasOwnWeights()) {
            // Of adapters over weights that were trained here, these are the base.
            hashes.put(Receipt.BASE, BaseContent.ofTrained(model));
        }
        return RunReceipt.of("CausalLm", hashes, data, config, plan, seed, report);
    }
}
