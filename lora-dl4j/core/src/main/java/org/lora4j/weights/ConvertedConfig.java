/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;

/**
 * The config of an adapter once it is plain LoRA: what it adapts and trains stays, how it does so goes.
 *
 * @param before the config of the method that it was trained with
 * @param ranks rank by path of a module
 * @param rank the rank asked for; empty if each module got its own
 */
record ConvertedConfig(AdapterConfig before, Map<String, Integer> ranks, OptionalInt rank) {

    /** The config in which most modules have a rank, where there is one; alpha equals the rank everywhere. */
    LoraConfig of(boolean bias, boolean fanInFanOut) {
        int most = rank.orElse(1);
        LoraConfig.Builder builder = LoraConfig.builder()
                .rank(most)
                .alpha(most)
                .targetModules(targets())
                .excludeModules(before.excludeModules())
                .layersToTransform(before.layersToTransform())
                .layersPattern(before.layersPattern())
                .modulesToSave(before.modulesToSave())
                .bias(before.bias())
                .loraBias(bias)
                .trainableTokens(before.trainableTokens())
                .fanInFanOut(fanInFanOut)
                .baseModelName(before.baseModelName())
                .taskType(before.taskType());
        LoraConfig asPeft = with(builder, ranks.keySet().stream().filter(this::isInPatterns), UnaryOperator.identity());
        // A key is an expression, also matches at the end of a longer path, and the first match counts.
        return ranks.entrySet().stream().allMatch(module -> asPeft.rankOf(module.getKey()) == module.getValue())
                ? asPeft
                : with(
                        builder,
                        ranks.keySet().stream()
                                .sorted(Comparator.comparingInt(String::length).reversed()),
                        ConvertedConfig::escaped);
    }

    /** PEFT names a module in the patterns or among the targets: there, where it has the rank asked for and targets are names. */
    private boolean isInPatterns(String path) {
        return before.targetModules() instanceof ModuleSelector.Regex
                || rank.isEmpty()
                || rank.getAsInt() != ranks.get(path);
    }

    /** PEFT adds modules by their full names, which bypass the numbers of layers. */
    private ModuleSelector targets() {
        if (before.targetModules() instanceof ModuleSelector.Regex regex) {
            return regex;
        }
        if (!(before.targetModules() instanceof ModuleSelector.Suffixes suffixes)) {
            return ModuleSelector.suffixes(ranks.keySet());
        }
        Set<String> names = new LinkedHashSet<>(suffixes.names());
        ranks.keySet().stream().filter(path -> !isInPatterns(path)).forEach(names::add);
        return ModuleSelector.suffixes(names);
    }

    private LoraConfig with(LoraConfig.Builder builder, Stream<String> paths, UnaryOperator<String> key) {
        Map<String, Integer> rankPattern = new LinkedHashMap<>();
        Map<String, Double> alphaPattern = new LinkedHashMap<>();
        paths.forEach(path -> {
            rankPattern.put(key.apply(path), ranks.get(path));
            alphaPattern.put(key.apply(path), (double) ranks.get(path));
        });
        return builder.rankPattern(rankPattern).alphaPattern(alphaPattern).build();
    }

    /** A key that Python's re and Java read alike. */
    private static String escaped(String path) {
        return path.replaceAll("[^A-Za-z0-9_]", "\\\\$0");
    }
}
