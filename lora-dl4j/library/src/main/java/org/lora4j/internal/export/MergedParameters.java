/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What adapters make of the parameters of a model. Parameters that an adapter holds in full and the model does not have, such
 * as those of a head that was trained anew, are kept apart.
 *
 * @param changed parameters with their new values, by name in the model
 * @param heads parameters that the model does not have, by name in the adapter
 * @apiNote Status: internal
 */
public record MergedParameters(Map<String, INDArray> changed, Map<String, INDArray> heads) {

    /**
     * Merges.
     *
     * @param where the call, for messages
     * @param base arrays by name in the model, in PyTorch's layout
     * @param adapters the adapters
     * @return what they make of it
     * @throws IncompatibleBaseException if an adapter does not fit, or was trained on another base, as hashes of its content tell
     */
    public static MergedParameters of(String where, Map<String, INDArray> base, List<Adapter> adapters)
            throws IncompatibleBaseException {
        Map<String, String> aligned = AlignedNames.of(where, base.keySet(), adapters);
        Map<String, String> inModel = new LinkedHashMap<>();
        Map<String, INDArray> all = new LinkedHashMap<>();
        base.forEach((name, array) -> {
            inModel.put(aligned.get(name), name);
            all.put(aligned.get(name), array);
        });
        Set<String> heads = new LinkedHashSet<>();
        for (Adapter adapter : adapters) {
            adapter.savedParameters().forEach((name, array) -> {
                if (all.putIfAbsent(name, array) == null) {
                    heads.add(name);
                }
            });
        }
        Map<String, INDArray> changed = new LinkedHashMap<>();
        Map<String, INDArray> added = new LinkedHashMap<>();
        WeightMerge.merged(ModelWeights.of(all), adapters).forEach((name, array) -> {
            if (heads.contains(name)) {
                added.put(name, array);
            } else {
                changed.put(inModel.get(name), array);
            }
        });
        return new MergedParameters(changed, added);
    }

    /**
     * A parameter of a head, whatever model it is in.
     *
     * @param name its name without the prefix of a model
     * @return its value, if an adapter brings it
     */
    public Optional<INDArray> head(String name) {
        return heads.entrySet().stream()
                .filter(entry -> entry.getKey().equals(name) || entry.getKey().endsWith("." + name))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
