/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.internal.format.peft.PeftTensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A head that shares its one parameter with the table of tokens. PEFT's adapters change what one of them computes, its merge
 * changes the parameter in place and so both: what it computes before merging and after differs. Where a model does not
 * declare the tie, its trained rows reach the table's readers only, and after merging the head too.
 *
 * @param golden the case
 */
record TiedHead(GoldenCase golden) {

    private static final String TABLE = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    private boolean isTied() {
        return golden.params().path("tied").asBoolean();
    }

    /** Whether PEFT's merged model computes something else than its adapted one. */
    boolean isMergedOtherwise() {
        INDArray merged = golden.mergedOutput();
        return isTied()
                && merged != null
                && golden.tolerance().compare(merged, golden.adaptedOutput()).problem() != null;
    }

    /** Whether only PEFT's merged model is the one that we compute: our rows always belong to the head, too. */
    boolean isOnlyRightMerged(Map<String, Adapter> adapters) {
        return isMergedOtherwise()
                && adapters.values().stream()
                        .flatMap(adapter -> adapter.modules().values().stream())
                        .anyMatch(tensors -> tensors.containsKey(PeftTensor.TOKEN_ROWS.suffix()));
    }

    /** The weights of the base, with the second name of a shared one where a checkpoint leaves it out. */
    Map<String, INDArray> base() {
        Map<String, INDArray> base = new LinkedHashMap<>(golden.base());
        if (isTied() && base.containsKey(TABLE)) {
            base.putIfAbsent(HEAD, base.get(TABLE));
        }
        return base;
    }

    /** The weights that we merged, as one parameter in the place of both would have them. */
    Map<String, INDArray> shared(Map<String, INDArray> found) {
        INDArray base = golden.base().get(TABLE);
        // A checkpoint may leave the second name of the one parameter out, PEFT's merged model has both.
        if (!isTied() || base == null || !base.equals(golden.base().getOrDefault(HEAD, base))) {
            return found;
        }
        INDArray table = found.getOrDefault(TABLE, base);
        INDArray head = found.getOrDefault(HEAD, base);
        INDArray both = table.equals(head) ? table : table.add(head).sub(base);
        Map<String, INDArray> shared = new LinkedHashMap<>(found);
        shared.put(TABLE, both);
        shared.put(HEAD, both);
        return shared;
    }
}
