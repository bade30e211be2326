/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.KasaMethod;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adapters whose start moved the base, as plain ones for a base that nobody moved. What was taken off, {@code s B0 A0}, becomes
 * a part of an update of twice the rank: {@code s [B, -B0] [A; A0]}.
 *
 * @apiNote Status: internal
 */
public final class PlainAdapters {

    private PlainAdapters() {}

    /**
     * The plain form of an adapter.
     *
     * @return {@code now} if its start did not move the base
     * @throws IllegalArgumentException if the adapter came with weights of the base that had been moved already
     */
    public static Adapter of(HostAdapter adapter, Adapter now) {
        if (!now.config().movesBase() && !adapter.hasGivenStart()) {
            return now;
        }
        List<String> without = now.modules().entrySet().stream()
                .filter(module -> module.getValue().containsKey(LoraMethod.A))
                .map(Map.Entry::getKey)
                .filter(module -> adapter.start(module).isEmpty())
                .toList();
        if (!without.isEmpty()) {
            throw new IllegalArgumentException("plainAdapter " + MessageText.name(adapter.name())
                    + ": the adapter came with weights of " + Problems.quoted(without)
                    + " that had given up their share; expected the weights of the base alone."
                    + " Convert it where it was trained, or merge it.");
        }
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        now.modules()
                .forEach((module, own) ->
                        factors.put(module, doubled(KasaMethod.plain(own), KasaMethod.plain(adapter.start(module)))));
        return Adapter.of(
                        doubled(LoraConfig.require(now.config(), "plainAdapter")),
                        now.extras(),
                        factors,
                        now.savedParameters())
                .onBaseOf(List.of(now));
    }

    private static Map<String, INDArray> doubled(Map<String, INDArray> now, Map<String, INDArray> start) {
        // Rows of a table have no start.
        Map<String, INDArray> factors = new LinkedHashMap<>(now);
        if (!now.containsKey(LoraMethod.A)) {
            return factors;
        }
        factors.put(LoraMethod.A, Nd4j.concat(0, now.get(LoraMethod.A), start.get(LoraMethod.A)));
        factors.put(
                LoraMethod.B,
                Nd4j.concat(1, now.get(LoraMethod.B), start.get(LoraMethod.B).neg()));
        return factors;
    }

    // Twice the rank, the same scaling.
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
                .kasa(null)
                .build();
    }
}
