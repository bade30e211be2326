/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.trust.Receipt;

/**
 * A run by which an adapter became what it is.
 *
 * @param trained the hash of the adapter when the run ended
 * @param run makes the receipt from hashes of the adapter and of its base, if that is known, and the config of the adapter
 */
record NotedRun(String trained, BiFunction<Map<String, String>, Map<String, Object>, Receipt> run) {

    /**
     * Adds the receipt.
     *
     * @param now the adapter as it is in the model
     * @param given the same as it is given away
     * @return the adapter with its receipt; without one if it is not what the run made of it any more
     */
    Adapter receiptOf(Adapter now, Adapter given) {
        if (!trained.equals(now.contentHash())) {
            return given;
        }
        Map<String, String> hashes = new LinkedHashMap<>();
        hashes.put(Receipt.TRAINED, given.contentHash());
        if (!given.baseHashes().isEmpty()) {
            hashes.put(Receipt.BASE_PARAMETERS, BaseHashes.together(given.baseHashes()));
        }
        return given.withReceipt(run.apply(hashes, given.peftConfig()));
    }
}
