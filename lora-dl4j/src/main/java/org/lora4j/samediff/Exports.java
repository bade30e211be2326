/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.format.peft.PeftKeys;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.LiveAdapter.Part;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Makes adapters, which know no graph, of what lives in one. */
final class Exports {

    private Exports() {}

    /** The adapter as it was trained. */
    static Adapter asTrained(LiveAdapter adapter, GraphModules graph) {
        return adapter.snapshot(named(adapter, graph));
    }

    // Only the graph knows which modules "all linear" means: as PEFT does, their names are written.
    private static PeftFile named(LiveAdapter adapter, GraphModules graph) {
        LoraConfig config = adapter.config();
        boolean none = adapter.modules().isEmpty();
        if (!(config.targetModules() instanceof ModuleSelector.AllLinear) || none) {
            return adapter.file();
        }
        Set<String> adapted = adapter.modules().values().stream()
                .filter(part -> !part.module().isParameter())
                .map(part -> PeftKeys.wrapperOf(part.target().path()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        ModuleSelector names = ModuleSelector.suffixes(adapted);
        List<String> taken = graph.paths().stream()
                .filter(path -> names.matches(path) && !adapter.modules().containsKey(path))
                .filter(path -> !config.excludeModules().matches(path) && !config.savesFully(path))
                .toList();
        LoraConfig named = config.toBuilder()
                .targetModules(names)
                .excludeModules(alsoExcluding(config.excludeModules(), taken, adapted))
                .build();
        return new PeftFile(named, adapter.file().extras());
    }

    /** A selector of what another one excludes and of some paths more, but of none that is adapted. */
    private static ModuleSelector alsoExcluding(ModuleSelector before, List<String> paths, Set<String> adapted) {
        if (paths.isEmpty()) {
            return before;
        }
        boolean byName = before instanceof ModuleSelector.None || before instanceof ModuleSelector.Suffixes;
        Set<String> names = new LinkedHashSet<>();
        if (before instanceof ModuleSelector.Suffixes suffixes) {
            names.addAll(suffixes.names());
        }
        names.addAll(paths);
        ModuleSelector suffixes = ModuleSelector.suffixes(names);
        if (byName && adapted.stream().noneMatch(suffixes::matches)) {
            return suffixes;
        }
        String exactly = paths.stream().map(Exports::escaped).collect(Collectors.joining("|"));
        return ModuleSelector.regex(expression(before) + exactly);
    }

    private static String expression(ModuleSelector selector) {
        if (selector instanceof ModuleSelector.Regex regex) {
            return "(?:" + regex.expression() + ")|";
        }
        if (selector instanceof ModuleSelector.Suffixes suffixes) {
            return suffixes.names().stream()
                    .map(name -> "(?:.*\\.)?" + escaped(name) + "|")
                    .collect(Collectors.joining());
        }
        return "";
    }

    // Not Pattern.quote, whose \Q Python does not know.
    private static String escaped(String path) {
        return Pattern.compile("[^A-Za-z0-9_]").matcher(path).replaceAll("\\\\$0");
    }

    /** The adapter with what the base gave up in it. */
    static Adapter plain(LiveAdapter adapter, GraphModules graph) {
        LoraConfig config = adapter.config();
        if (!config.initialization().movesBase()) {
            return asTrained(adapter, graph);
        }
        checkStarts(adapter);
        Map<String, Map<String, INDArray>> factors = adapter.factors();
        for (Part part : adapter.modules().values()) {
            factors.put(part.target().path(), doubled(part.toPeft(), part.startToPeft()));
        }
        PeftFile file = named(adapter, graph);
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
