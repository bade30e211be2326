/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.format.peft.PeftTensor;

/**
 * What an adapter of any method does to the weights of a base, one weight after the other.
 *
 * @param changes the weights that change, each a matrix, in order of paths
 * @param leftOut what else the adapter changes, by path of the module or parameter, and why it is no change of one matrix
 * @apiNote Status: experimental
 */
public record WeightChanges(List<WeightChange> changes, Map<String, String> leftOut) {

    /**
     * Copies the list and the map.
     *
     * @param changes the weights that change
     * @param leftOut what is left out, and why
     */
    public WeightChanges {
        changes = List.copyOf(changes);
        leftOut = Collections.unmodifiableMap(new TreeMap<>(leftOut));
    }

    /**
     * Finds the weights that an adapter changes.
     *
     * @param adapter an adapter of any method
     * @param base the weights of the base model, without any adapter merged; to stay open while changes are asked for
     * @return the changes
     * @throws IncompatibleBaseException if the adapter does not fit the base or was made on another one; the
     *     message lists what one of them has and the other lacks and what differs in shape
     */
    public static WeightChanges of(Adapter adapter, ModelWeights base) throws IncompatibleBaseException {
        List<WeightChange> changes = new ArrayList<>();
        Map<String, String> leftOut = new TreeMap<>();
        for (WeightSite site : WeightSites.require("WeightChanges", base, adapter)) {
            WeightChange change = new WeightChange(adapter, base, site);
            change.obstacle().ifPresentOrElse(reason -> leftOut.put(site.module(), reason), () -> changes.add(change));
        }
        changes.sort((one, other) -> one.module().compareTo(other.module()));
        adapter.modules().forEach((path, tensors) -> {
            if (tensors.containsKey(PeftTensor.TOKEN_ROWS.suffix())) {
                leftOut.merge(path, "rows of the table are replaced", (one, other) -> one + "; " + other);
            }
        });
        new TreeSet<>(adapter.savedParameters().keySet()).forEach(path -> leftOut.put(path, "trained in full"));
        return new WeightChanges(changes, leftOut);
    }
}
