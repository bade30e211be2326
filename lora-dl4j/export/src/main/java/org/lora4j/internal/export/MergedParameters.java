/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What training made of the parameters of a model. Parameters that the model does not have, such as those of a head that was
 * trained anew, are kept apart.
 *
 * @param changed parameters with their new values, by name in the model
 * @param heads parameters that the model does not have, by name in what was trained
 * @apiNote Status: internal
 */
public record MergedParameters(Map<String, INDArray> changed, Map<String, INDArray> heads) {

    /**
     * Merges.
     *
     * @param where the call, for messages
     * @param base arrays by name in the model, in PyTorch's layout
     * @throws IncompatibleBaseException if an adapter or the weights do not fit, or an adapter was trained on another base, as
     *     hashes of its content tell
     */
    public static MergedParameters of(String where, Map<String, INDArray> base, Trained trained)
            throws IncompatibleBaseException {
        Map<String, String> inModel = new LinkedHashMap<>();
        Map<String, INDArray> all = new LinkedHashMap<>();
        trained.aligned(where, base.keySet()).forEach((name, here) -> {
            inModel.put(here, name);
            all.put(here, base.get(name));
        });
        trained.replace(where, all);
        for (Adapter adapter : trained.adapters()) {
            adapter.savedParameters().forEach(all::putIfAbsent);
        }
        List<Adapter> facing =
                trained.adapters().stream().map(MergedParameters::facing).toList();
        all.putAll(WeightMerge.merged(ModelWeights.of(all), facing));
        Map<String, INDArray> changed = new LinkedHashMap<>();
        Map<String, INDArray> heads = new LinkedHashMap<>();
        all.forEach((name, array) -> {
            String own = inModel.get(name);
            if (own == null) {
                heads.put(name, array);
            } else if (array != base.get(own) && !ArrayBytes.same(array, base.get(own))) {
                changed.put(own, array);
            }
        });
        return new MergedParameters(changed, heads);
    }

    /** Weights are [out, in] here, whatever a config says of the checkpoint that its adapter was made for. */
    private static Adapter facing(Adapter adapter) {
        if (!adapter.config().fanInFanOut()) {
            return adapter;
        }
        AdapterConfig config = adapter.config().toBuilder().fanInFanOut(false).build();
        return Adapter.of(config, adapter.modules(), adapter.savedParameters()).onBaseOf(List.of(adapter));
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
