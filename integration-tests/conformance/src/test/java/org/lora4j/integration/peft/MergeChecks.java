/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.config.OftConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The weights that merging changes are PEFT's, and no others change; without a network. */
final class MergeChecks {

    private static final String CHECK = "merged weights";

    private MergeChecks() {}

    static void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        Map<String, Adapter> asPeft = MergedAsPeft.of(golden, adapters);
        if (!adapters.values().containsAll(asPeft.values())) {
            checks.note("PEFT merged with the modules to save of the adapter that was active: compared with those");
        }
        List<Adapter> merged = new ArrayList<>(asPeft.values());
        if (isMergedInAnotherOrder(adapters)) {
            Collections.reverse(merged);
            checks.note(
                    "PEFT merges rotations in the other order than its adapters turn: compared with our merge in that"
                            + " order, outputs with y_adapter");
        }
        if (isMergeable(golden)) {
            compare(golden, asPeft.values(), merged(golden, merged), CHECK, checks);
            return;
        }
        try {
            merged(golden, merged);
            checks.note("merges what PEFT does not merge");
        } catch (IncompatibleBaseException e) {
            checks.that(CHECK, true, "");
            checks.note((golden.repeatsLayers() ? "not merged into shared weights: " : "not merged, as in PEFT: ")
                    + CheckList.oneLine(e.getMessage()));
        }
    }

    /**
     * PEFT's merge of LN tuning leaves the wrappers of saved modules in the model, so that its state has their parameters under
     * other names; the merged model computes with them.
     */
    private static void putWrapped(Collection<Adapter> adapters, Map<String, INDArray> expected) {
        for (Adapter adapter : adapters) {
            if (adapter.config() instanceof LnTuningConfig) {
                adapter.savedParameters().entrySet().stream()
                        .filter(saved -> adapter.config().savesFully(PeftKeys.moduleOf(saved.getKey())))
                        .forEach(saved -> expected.putIfAbsent(saved.getKey(), saved.getValue()));
            }
        }
    }

    /** Whether PEFT's merged model is not what its adapters compute, because rotations do not commute. */
    static boolean isMergedInAnotherOrder(Map<String, Adapter> adapters) {
        return adapters.size() > 1
                && adapters.values().stream().allMatch(adapter -> adapter.config() instanceof OftConfig);
    }

    /**
     * Whether PEFT could merge the adapters of the case. Where it repeated layers, it merges the updates of all copies of a layer
     * into the one weight that they share, which is no state of its adapted model.
     */
    static boolean isMergeable(GoldenCase golden) throws IOException {
        return !golden.repeatsLayers()
                && (golden.mergedOutput() != null || !golden.mergedWeights().isEmpty());
    }

    /** The weights that change. */
    static Map<String, INDArray> merged(GoldenCase golden, List<Adapter> adapters) throws IOException {
        return WeightMerge.merged(ModelWeights.of(golden.base()), adapters);
    }

    /**
     * Checks weights, all or only those that changed, against the base and what the case says of it.
     *
     * @param adapters what was merged
     */
    static void compare(
            GoldenCase golden,
            Collection<Adapter> adapters,
            Map<String, INDArray> ours,
            String check,
            CheckList checks) {
        TiedHead tied = new TiedHead(golden);
        Map<String, INDArray> found = tied.shared(ours);
        Map<String, INDArray> expected = golden.mergedWeights();
        putWrapped(adapters, expected);
        Map<String, INDArray> weights = tied.base();
        weights.forEach((name, base) ->
                checks.close(check, name, found.getOrDefault(name, base), expected.getOrDefault(name, base)));
        expected.keySet()
                .forEach(name -> checks.that(check, weights.containsKey(name), name + " is no weight of the base"));
        found.keySet()
                .forEach(name -> checks.that(check, weights.containsKey(name), name + " is no weight of the base"));
    }
}
