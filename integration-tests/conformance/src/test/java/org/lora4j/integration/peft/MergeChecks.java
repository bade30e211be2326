/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.integration.peft.cases.GoldenCase;
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
        List<Adapter> merged = List.copyOf(asPeft.values());
        if (isMergeable(golden)) {
            compare(golden, merged(golden, merged), CHECK, checks);
            return;
        }
        try {
            merged(golden, merged);
            checks.note("merges what PEFT does not merge");
        } catch (IncompatibleBaseException e) {
            checks.that(CHECK, true, "");
            checks.note("not merged, as in PEFT: " + e.getMessage());
        }
    }

    /** Whether PEFT could merge the adapters of the case. */
    static boolean isMergeable(GoldenCase golden) {
        return golden.mergedOutput() != null || !golden.mergedWeights().isEmpty();
    }

    /** The weights that change. */
    static Map<String, INDArray> merged(GoldenCase golden, List<Adapter> adapters) throws IOException {
        return WeightMerge.merged(ModelWeights.of(golden.base()), adapters);
    }

    /** Checks weights, all or only those that changed, against the base and what the case says of it. */
    static void compare(GoldenCase golden, Map<String, INDArray> ours, String check, CheckList checks) {
        TiedHead tied = new TiedHead(golden);
        Map<String, INDArray> found = tied.shared(ours);
        Map<String, INDArray> expected = golden.mergedWeights();
        Map<String, INDArray> weights = tied.base();
        weights.forEach((name, base) ->
                checks.close(check, name, found.getOrDefault(name, base), expected.getOrDefault(name, base)));
        expected.keySet()
                .forEach(name -> checks.that(check, weights.containsKey(name), name + " is no weight of the base"));
        found.keySet()
                .forEach(name -> checks.that(check, weights.containsKey(name), name + " is no weight of the base"));
    }
}
