/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 */
record ConvertedConfig(AdapterConfig before, Map<String, Integer> ranks) {

    /** The config in which most modules have a rank; alpha equals the rank everywhere. */
    LoraConfig of(int most, boolean bias, boolean fanInFanOut) {
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
        LoraConfig asPeft = with(builder, differing(most).stream(), UnaryOperator.identity());
        // A key is an expression, also matches at the end of a longer path, and the first match counts.
        return ranks.entrySet().stream().allMatch(module -> asPeft.rankOf(module.getKey()) == module.getValue())
                ? asPeft
                : with(
                        builder,
                        ranks.keySet().stream()
                                .sorted(Comparator.comparingInt(String::length).reversed()),
                        ConvertedConfig::escaped);
    }

    /** PEFT adds the modules by their full names, which bypass the numbers of layers. */
    private ModuleSelector targets() {
        if (before.targetModules() instanceof ModuleSelector.Regex regex) {
            return regex;
        }
        Set<String> names = new LinkedHashSet<>();
        if (before.targetModules() instanceof ModuleSelector.Suffixes suffixes) {
            names.addAll(suffixes.names());
        }
        names.addAll(ranks.keySet());
        return ModuleSelector.suffixes(names);
    }

    private List<String> differing(int most) {
        return ranks.keySet().stream()
                .filter(path -> !Objects.equals(ranks.get(path), most))
                .toList();
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
