/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.LiveAdapter.Part;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Makes adapters, which know no graph, of what lives in one. */
final class Exports {

    private Exports() {}

    /** The adapter with what the base gave up in it. */
    static Adapter plain(LiveAdapter adapter, PeftFile file) {
        if (!adapter.config().initialization().movesBase()) {
            return adapter.snapshot(file);
        }
        checkStarts(adapter);
        Map<String, Map<String, INDArray>> factors = adapter.factors();
        for (Part part : adapter.modules().values()) {
            factors.put(part.target().path(), doubled(part.toPeft(), part.startToPeft()));
        }
        return Adapter.of(new PeftFile(doubled(file.config()), file.extras()), factors, adapter.saved());
    }

    private static void checkStarts(LiveAdapter adapter) {
        List<String> without = adapter.modules().values().stream()
                .filter(part -> part.start().isEmpty())
                .map(part -> part.module().path())
                .toList();
        if (!without.isEmpty()) {
            throw new IllegalArgumentException(
                    "plainAdapter \"" + adapter.name() + "\": the adapter came with weights of "
                            + Problems.quoted(without)
                            + " that had given up their share; expected the weights of the base alone."
                            + " Convert it where it was trained, or merge it.");
        }
    }

    private static Map<String, INDArray> doubled(Map<String, INDArray> now, Map<String, INDArray> start) {
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(LoraMethod.A, Nd4j.concat(0, now.get(LoraMethod.A), start.get(LoraMethod.A)));
        factors.put(
                LoraMethod.B,
                Nd4j.concat(1, now.get(LoraMethod.B), start.get(LoraMethod.B).neg()));
        return factors;
    }

    private static LoraConfig doubled(LoraConfig config) {
        double growth = config.scalingRule() == Scaling.RANK_STABILIZED ? Math.sqrt(2) : 2;
        Map<String, Integer> ranks = new LinkedHashMap<>();
        config.rankPattern().forEach((key, rank) -> ranks.put(key, 2 * rank));
        Map<String, Double> alphas = new LinkedHashMap<>();
        config.alphaPattern().forEach((key, alpha) -> alphas.put(key, growth * alpha));
        return config.toBuilder()
                .rank(2 * config.rank())
                .alpha(growth * config.alpha())
                .rankPattern(ranks)
                .alphaPattern(alphas)
                .initialization(Initialization.KAIMING_UNIFORM)
                .build();
    }
}
