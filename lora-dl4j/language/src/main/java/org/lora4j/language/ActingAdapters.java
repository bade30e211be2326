/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.decode.ModuleUpdates;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the adapters that act on a model do to its modules, as they are when this is made. Plain pairs stay pairs; every other
 * adapter is merged into FLOAT copies of the weights that it changes.
 *
 * @param pairs by module
 * @param tensors those in the place of the model's, by name
 */
record ActingAdapters(Map<String, List<LowRank>> pairs, Map<String, INDArray> tensors) implements ModuleUpdates {

    private static final Set<String> PAIR = Set.of(LoraMethod.A, LoraMethod.B);

    /** The number that all sequences have. */
    static final int NUMBER = 0;

    static ActingAdapters of(AdaptedSameDiff model, DecoderWeights weights) {
        Set<String> names = new LinkedHashSet<>(model.mergedAdapters());
        names.addAll(model.activeAdapters());
        Map<String, List<LowRank>> pairs = new HashMap<>();
        List<Adapter> others = new ArrayList<>();
        for (String name : model.isEnabled() ? names : Set.<String>of()) {
            Adapter adapter = model.plainAdapter(name);
            if (isPairs(adapter)) {
                adapter.modules()
                        .forEach((module, factors) -> pairs.computeIfAbsent(module, m -> new ArrayList<>())
                                .add(new LowRank(
                                        floats(factors.get(LoraMethod.A)),
                                        floats(factors.get(LoraMethod.B).transpose()),
                                        adapter.config().scalingOf(module))));
            } else {
                others.add(adapter);
            }
        }
        return new ActingAdapters(pairs, merged(others, model, weights));
    }

    private static boolean isPairs(Adapter adapter) {
        return adapter.config() instanceof LoraConfig config
                && !config.dora()
                && adapter.savedParameters().isEmpty()
                && adapter.modules().values().stream()
                        .allMatch(factors -> factors.keySet().equals(PAIR));
    }

    private static INDArray floats(INDArray array) {
        return array.castTo(DataType.FLOAT).dup('c');
    }

    private static Map<String, INDArray> merged(List<Adapter> adapters, AdaptedSameDiff model, DecoderWeights weights) {
        if (adapters.isEmpty()) {
            return Map.of();
        }
        try {
            Map<String, INDArray> merged = new HashMap<>();
            // A model's own weights are in PyTorch's layout, which GPT-2's files are not in.
            WeightMerge.merged(ModelWeights.of(model), adapters)
                    .forEach((name, array) ->
                            merged.put(name, floats(weights.isInputsFirst(name) ? array.transpose() : array)));
            return merged;
        } catch (IncompatibleBaseException e) {
            throw new IllegalStateException(
                    "generate: an adapter that acts cannot be merged for a session. " + e.getMessage(), e);
        }
    }

    /** Memory of all arrays. */
    long bytes() {
        long values = pairs.values().stream()
                        .flatMap(List::stream)
                        .mapToLong(pair -> pair.a().length() + pair.turnedB().length())
                        .sum()
                + tensors.values().stream().mapToLong(INDArray::length).sum();
        return Float.BYTES * values;
    }

    @Override
    public List<LowRank> lowRank(int adapter, String module) {
        return pairs.getOrDefault(module, List.of());
    }

    @Override
    public Optional<INDArray> replaced(int adapter, String tensor) {
        return Optional.ofNullable(tensors.get(tensor));
    }
}
