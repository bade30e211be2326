/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The adapters that PEFT merged. Where it merges some adapters by name, it takes the modules to save of the adapter that is
 * active meanwhile, which is the first that was loaded ({@code ModulesToSaveWrapper}, commit 5d602fdb): the merged model
 * is then one that no set of active adapters computes.
 */
final class MergedAsPeft {

    private MergedAsPeft() {}

    /** The adapters to merge by name: those of the case, or what PEFT mixed of them. */
    static Map<String, Adapter> of(GoldenCase golden, Map<String, Adapter> adapters) throws IOException {
        Map<String, Adapter> own = new LinkedHashMap<>();
        for (String name : golden.mergedAdapters()) {
            own.put(name, adapters.get(name));
        }
        Adapter active = adapters.get(golden.adapters().get(0));
        if (active == null || own.containsValue(active) || explains(golden, own)) {
            return own;
        }
        Map<String, Adapter> mixed = new LinkedHashMap<>();
        own.forEach((name, adapter) -> mixed.put(name, mixed.isEmpty() ? withModulesOf(active, adapter) : adapter));
        return mixed;
    }

    private static boolean explains(GoldenCase golden, Map<String, Adapter> own) {
        Map<String, INDArray> expected = golden.mergedWeights();
        return own.values().stream()
                .flatMap(adapter -> adapter.savedParameters().entrySet().stream())
                .allMatch(saved -> expected.containsKey(saved.getKey())
                        && golden.tolerance()
                                        .compare(saved.getValue(), expected.get(saved.getKey()))
                                        .problem()
                                == null);
    }

    private static Adapter withModulesOf(Adapter active, Adapter adapter) {
        if (adapter.config().bias() != BiasTraining.NONE || active.config().bias() != BiasTraining.NONE) {
            return adapter;
        }
        return Adapter.of(
                adapter.config().toBuilder()
                        .modulesToSave(active.config().modulesToSave())
                        .build(),
                adapter.modules(),
                active.savedParameters());
    }
}
