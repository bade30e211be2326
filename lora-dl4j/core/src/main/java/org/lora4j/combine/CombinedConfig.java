/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The config of several adapters as one, but for the ranks, and the parameters that they save in full.
 *
 * @param config the first adapter's config with the union of targets and of fully trained modules
 * @param savedParameters every saved parameter, each from one adapter
 */
record CombinedConfig(LoraConfig config, Map<String, INDArray> savedParameters) {

    static CombinedConfig of(List<Adapter> adapters, Problems problems) {
        Set<String> saved = new LinkedHashSet<>();
        adapters.forEach(adapter -> saved.addAll(adapter.config().modulesToSave()));
        LoraConfig first = LoraConfig.require(adapters.get(0).config(), "Combine");
        LoraConfig.Builder builder =
                first.toBuilder().modulesToSave(List.copyOf(saved)).bias(bias(adapters, problems));
        TargetUnion.of(adapters, problems).applyTo(builder);
        LoraConfig config = problems.isEmpty() ? builder.build() : first;
        return new CombinedConfig(config, savedParameters(adapters, List.copyOf(saved), problems));
    }

    /** As in PEFT, where one adapter of a model may train biases. */
    private static BiasTraining bias(List<Adapter> adapters, Problems problems) {
        List<BiasTraining> trained = adapters.stream()
                .map(adapter -> adapter.config().bias())
                .filter(bias -> bias != BiasTraining.NONE)
                .toList();
        problems.check(
                trained.size() <= 1,
                trained.size() + " adapters train biases of the base, expected at most one, because biases cannot be"
                        + " combined");
        return trained.isEmpty() ? BiasTraining.NONE : trained.get(0);
    }

    private static Map<String, INDArray> savedParameters(
            List<Adapter> adapters, Collection<String> names, Problems problems) {
        Map<String, INDArray> saved = new TreeMap<>();
        Map<String, Integer> owners = new TreeMap<>();
        for (int i = 0; i < adapters.size(); i++) {
            Adapter adapter = adapters.get(i);
            for (Map.Entry<String, INDArray> parameter :
                    adapter.savedParameters().entrySet()) {
                String path = parameter.getKey();
                INDArray before = saved.putIfAbsent(path, parameter.getValue());
                // Embeddings that PEFT saves unasked are the base's own, and equal unless they were trained.
                boolean isCopy = before != null
                        && !adapter.config().savesFully(PeftKeys.moduleOf(path))
                        && SameElements.in(before, parameter.getValue());
                problems.check(
                        before == null || isCopy,
                        "parameter \"" + path + "\" is saved in full by adapters[" + owners.get(path)
                                + "] and adapters[" + i
                                + "], expected one owner, because such parameters cannot be combined");
                owners.putIfAbsent(path, i);
            }
        }
        checkNotBoth(adapters, names, problems);
        return saved;
    }

    private static void checkNotBoth(List<Adapter> adapters, Collection<String> names, Problems problems) {
        Set<String> adapted = new TreeSet<>();
        adapters.forEach(adapter -> adapted.addAll(adapter.modules().keySet()));
        if (names.isEmpty()) {
            return;
        }
        LoraConfig saving =
                LoraConfig.builder().modulesToSave(List.copyOf(names)).build();
        List<String> both = adapted.stream().filter(saving::savesFully).toList();
        problems.check(
                both.isEmpty(),
                "modules " + Problems.quoted(both) + " are trained in full by one adapter and by factors in another,"
                        + " expected one or the other");
    }

    /**
     * The config for given ranks: scaling 1 in every module.
     *
     * @param peftRank the rank that PEFT gives to all modules
     * @param peftCompatible whether to keep the first adapter's scaling rule, as PEFT does, which scales by the root of
     *     the rank if it is rank-stabilized
     */
    LoraConfig of(Map<String, Integer> ranks, int peftRank, boolean peftCompatible) {
        int most = peftCompatible
                ? peftRank
                : ranks.values().stream().max(Integer::compare).orElseThrow();
        Scaling rule = peftCompatible ? config.scalingRule() : Scaling.STANDARD;
        double wanted = rule.scaling(most, most);
        Function<Integer, Double> alpha = rank -> wanted * rank / rule.scaling(rank, rank);
        Map<String, Integer> rankPattern = new LinkedHashMap<>();
        // A key also matches at the end of a longer path, and the first match counts.
        ranks.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .filter(path -> ranks.get(path) != most || isEndOfDifferent(path, ranks))
                .forEach(path -> rankPattern.put(escaped(path), ranks.get(path)));
        Map<String, Double> alphaPattern = new LinkedHashMap<>();
        rankPattern.forEach((key, rank) -> alphaPattern.put(key, alpha.apply(rank)));
        return config.toBuilder()
                .rank(most)
                .alpha(most)
                .rankPattern(rankPattern)
                .alphaPattern(alphaPattern)
                .scalingRule(rule)
                .build();
    }

    /** Whether a key for a shorter path would catch this one, too. */
    private static boolean isEndOfDifferent(String path, Map<String, Integer> ranks) {
        return ranks.entrySet().stream()
                .anyMatch(other ->
                        path.endsWith("." + other.getKey()) && !Objects.equals(other.getValue(), ranks.get(path)));
    }

    /** A key that Python's re and Java read alike. */
    private static String escaped(String path) {
        return path.replaceAll("[^A-Za-z0-9_]", "\\\\$0");
    }
}
