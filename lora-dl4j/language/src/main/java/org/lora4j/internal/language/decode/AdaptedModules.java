/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.NormKind;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Modules with what an adapter does to them, each looked up once. For one thread. */
final class AdaptedModules {

    private final DecodeModel model;
    private final ModuleUpdates updates;
    private final Map<Integer, Map<String, Linear>> linear = new HashMap<>();
    private final Map<Integer, Map<String, Norm>> norms = new HashMap<>();
    private final Map<Integer, Map<String, TableRows>> tables = new HashMap<>();

    /**
     * A linear module.
     *
     * @param bias its bias, or null
     * @param pairs what is added
     */
    record Linear(LinearWeight weight, float[] bias, List<ModuleUpdates.LowRank> pairs) {}

    /**
     * A norm.
     *
     * @param gains what is multiplied
     * @param biases what is added, or null
     */
    record Norm(float[] gains, float[] biases) {}

    AdaptedModules(DecodeModel model, ModuleUpdates updates) {
        this.model = model;
        this.updates = updates;
    }

    /** Lets go of what was looked up for an adapter. */
    void forget(int adapter) {
        linear.remove(adapter);
        norms.remove(adapter);
        tables.remove(adapter);
    }

    Linear linear(int adapter, DecoderPart part, String module) {
        Map<String, Linear> known = linear.computeIfAbsent(adapter, a -> new HashMap<>());
        Linear found = known.get(module);
        if (found == null) {
            LinearWeight weight = replaced(adapter, module + ".weight")
                    .map(array -> model.weight(part, module, array))
                    .orElseGet(() -> model.weight(part, module));
            float[] bias = replaced(adapter, module + ".bias")
                    .map(array -> DecodeModel.values(module + ".bias", array))
                    .or(() -> model.bias(part, module))
                    .orElse(null);
            found = new Linear(
                    weight,
                    bias,
                    adapter == SequenceState.NO_ADAPTER ? List.of() : List.copyOf(updates.lowRank(adapter, module)));
            found.pairs().forEach(pair -> requireFits(module, pair, weight));
            known.put(module, found);
        }
        return found;
    }

    private static void requireFits(String module, ModuleUpdates.LowRank pair, LinearWeight weight) {
        if (pair.a().size(1) != weight.inputs()
                || pair.turnedB().size(1) != weight.outputs()
                || pair.a().size(0) != pair.turnedB().size(0)) {
            throw new IllegalArgumentException("module '" + module + "': a pair of "
                    + pair.a().shapeInfoToString()
                    + " and " + pair.turnedB().shapeInfoToString() + "; expected [rank, " + weight.inputs()
                    + "] and [rank, "
                    + weight.outputs() + "]. The adapter was made for another model.");
        }
    }

    Norm norm(int adapter, String module) {
        Map<String, Norm> known = norms.computeIfAbsent(adapter, a -> new HashMap<>());
        Norm found = known.get(module);
        if (found == null) {
            boolean biased = model.config().family().norm() == NormKind.LAYER;
            found = new Norm(
                    model.gains(vector(adapter, module + ".weight")),
                    biased ? vector(adapter, module + ".bias") : null);
            known.put(module, found);
        }
        return found;
    }

    TableRows table(int adapter, String module) {
        Map<String, TableRows> known = tables.computeIfAbsent(adapter, a -> new HashMap<>());
        TableRows found = known.get(module);
        if (found == null) {
            found = replaced(adapter, module + ".weight")
                    .map(array -> TableRows.of(array, Optional.empty()))
                    .orElseGet(() -> model.table(module));
            known.put(module, found);
        }
        return found;
    }

    private float[] vector(int adapter, String name) {
        return replaced(adapter, name)
                .map(array -> DecodeModel.values(name, array))
                .orElseGet(() -> model.vector(name));
    }

    private Optional<INDArray> replaced(int adapter, String tensor) {
        return adapter == SequenceState.NO_ADAPTER ? Optional.empty() : updates.replaced(adapter, tensor);
    }
}
