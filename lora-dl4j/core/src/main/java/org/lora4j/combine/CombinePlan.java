/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.CombineAlgorithm.Option;
import org.lora4j.config.LayerReplication;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;

/**
 * What a run will do, once every check has passed.
 *
 * @param combiner the algorithm, as it is run
 * @param settings what all modules have in common
 * @param modules what to combine, by path
 * @param config config and saved parameters of the result
 * @param peftRank the rank that PEFT gives to all modules
 */
record CombinePlan(
        ModuleCombiner combiner,
        ModuleCombiner.Settings settings,
        List<ModuleInputs> modules,
        CombinedConfig config,
        int peftRank) {

    private static final String WHERE = "Combine";

    static CombinePlan of(Combine asked) {
        Problems problems = new Problems();
        problems.check(!asked.adapters.isEmpty(), "no adapters, expected at least one");
        problems.check(asked.adapters.stream().allMatch(Objects::nonNull), "an adapter is null");
        checkMethods(asked, problems);
        checkOptions(asked, problems);
        // Without these there is nothing to look at.
        problems.throwIfAny(WHERE);

        CombineAlgorithm algorithm = asked.algorithm;
        if (asked.peftCompatible && asked.adapters.size() == 1) {
            algorithm = CombineAlgorithm.LINEAR;
        }
        List<ModuleInputs> modules = modules(asked, algorithm.combiner(), problems);
        CombinedConfig config = CombinedConfig.of(asked.adapters, problems);
        KeepMasks masks = masks(asked, algorithm, modules, problems);
        problems.throwIfAny(WHERE);

        int rank = algorithm.combiner().peftRank(ranks(asked.adapters), asked.rank);
        ModuleCombiner.Settings settings = new ModuleCombiner.Settings(
                asked.density == null ? 1 : asked.density,
                asked.majoritySign == null ? MajoritySign.TOTAL : asked.majoritySign,
                rank,
                asked.clampQuantile,
                masks,
                asked.peftCompatible);
        return new CombinePlan(algorithm.combiner(), settings, modules, config, rank);
    }

    private static void checkMethods(Combine asked, Problems problems) {
        for (int i = 0; i < asked.adapters.size(); i++) {
            Adapter adapter = asked.adapters.get(i);
            problems.check(
                    adapter == null || adapter.config() instanceof LoraConfig,
                    "adapters[" + i + "] is of the method "
                            + (adapter == null ? null : adapter.config().peftType())
                            + ", expected LORA, whose updates are products of A and B");
        }
        List<LayerReplication> models = asked.adapters.stream()
                .filter(Objects::nonNull)
                .map(adapter -> adapter.config().layerReplication())
                .distinct()
                .toList();
        problems.check(
                models.size() < 2,
                "the adapters are for models made of different layers, layerReplication = " + models
                        + ", expected the same for all");
    }

    private static void checkOptions(Combine asked, Problems problems) {
        int given = asked.weights.length;
        problems.check(
                given == asked.adapters.size(),
                given + " weights for " + asked.adapters.size() + " adapters, expected one each");
        for (int i = 0; i < given; i++) {
            double weight = asked.weights[i];
            problems.check(Double.isFinite(weight), "weights[" + i + "] = " + weight + ", expected a finite number");
        }
        if (asked.algorithm == null) {
            problems.add("algorithm = null, expected a CombineAlgorithm");
            return;
        }
        checkRanges(asked, problems);
        checkUse(asked, Option.DENSITY, asked.density != null, problems);
        checkUse(asked, Option.SIGN, asked.majoritySign != null, problems);
        checkUse(asked, Option.RANK, asked.rank != null, problems);
        checkUse(asked, Option.CLAMP, asked.clampQuantile != null, problems);
        checkUse(asked, Option.MASKS, asked.seed != null || asked.masks != null, problems);
        problems.check(
                !asked.algorithm.uses(Option.DENSITY) || asked.density != null,
                "density is not given, but " + asked.algorithm + " prunes; expected a number in (0, 1]");
        if (asked.algorithm.uses(Option.MASKS)) {
            problems.check(
                    asked.seed == null != (asked.masks == null),
                    (asked.seed == null ? "neither seed nor masks are given" : "both seed and masks are given")
                            + ", but " + asked.algorithm + " chooses at random; expected one of them");
        }
    }

    private static void checkRanges(Combine asked, Problems problems) {
        if (asked.density != null) {
            problems.check(
                    asked.density > 0 && asked.density <= 1,
                    "density = " + asked.density + ", expected the share that stays, in (0, 1]");
        }
        if (asked.clampQuantile != null) {
            problems.check(
                    asked.clampQuantile > 0 && asked.clampQuantile <= 1,
                    "clampQuantile = " + asked.clampQuantile + ", expected a number in (0, 1]");
        }
        if (asked.rank != null) {
            problems.atLeast("rank", asked.rank, 1);
        }
    }

    private static void checkUse(Combine asked, Option option, boolean given, Problems problems) {
        problems.check(
                !given || asked.peftCompatible || asked.algorithm.uses(option),
                option.setter() + " is given, but " + asked.algorithm + " does not use it; leave it out");
    }

    private static List<ModuleInputs> modules(Combine asked, ModuleCombiner combiner, Problems problems) {
        Map<String, List<ModuleInputs.Share>> shares = new TreeMap<>();
        for (int i = 0; i < asked.adapters.size(); i++) {
            String where = "adapters[" + i + "], ";
            Map<String, ModuleFactors> factors = FactorReader.read(where, asked.adapters.get(i), problems);
            if (!combiner.needsEqualRanks()) {
                FactorReader.requireUngrouped(where, factors, problems);
            }
            int index = i;
            factors.forEach((path, module) -> shares.computeIfAbsent(path, p -> new ArrayList<>())
                    .add(new ModuleInputs.Share(index, asked.weights[index], module)));
        }
        problems.check(!shares.isEmpty() || !problems.isEmpty(), "no adapter has a module, expected at least one");
        List<ModuleInputs> modules = new ArrayList<>();
        shares.forEach((path, of) -> {
            checkFit(path, of, combiner.needsEqualRanks(), problems);
            modules.add(new ModuleInputs(path, of));
        });
        return modules;
    }

    private static void checkFit(String path, List<ModuleInputs.Share> shares, boolean equalRanks, Problems problems) {
        ModuleInputs.Share first = shares.get(0);
        for (ModuleInputs.Share share : shares) {
            String both = "module \"" + path + "\" has %s in adapters[" + first.adapter() + "] and %s in adapters["
                    + share.adapter() + "]";
            FactorLayout layout = share.factors().layout();
            int rank = share.factors().rank();
            if (!layout.equals(first.factors().layout())) {
                problems.add(
                        String.format(Locale.ROOT, both, first.factors().layout(), layout) + ", expected one shape");
            } else if (equalRanks && rank != first.factors().rank()) {
                problems.add(String.format(
                                Locale.ROOT, both, "rank " + first.factors().rank(), "rank " + rank)
                        + ", but the algorithm joins factors element by element; use CAT or one that ends in SVD");
            }
        }
    }

    private static KeepMasks masks(
            Combine asked, CombineAlgorithm algorithm, List<ModuleInputs> modules, Problems problems) {
        if (!algorithm.uses(Option.MASKS)) {
            return (place, length) -> {
                throw new IllegalStateException(algorithm + ": asked for a mask of " + place + "; expected none");
            };
        }
        return asked.masks == null
                ? KeepMasks.seeded(asked.seed, asked.density)
                : KeepMasks.given(asked.masks, modules, algorithm.combiner().maskedParts(), problems);
    }

    /** The largest rank that each config names, used or not: PEFT's rule. */
    private static List<Integer> ranks(List<Adapter> adapters) {
        return adapters.stream()
                .map(adapter -> largestRank(LoraConfig.require(adapter.config(), WHERE)))
                .toList();
    }

    private static int largestRank(LoraConfig config) {
        return Stream.concat(Stream.of(config.rank()), config.rankPattern().values().stream())
                .max(Integer::compare)
                .orElseThrow();
    }
}
