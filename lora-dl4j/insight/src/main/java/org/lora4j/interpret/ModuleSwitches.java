/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A model whose updates are switched off module by module: by an adapter without them in the place of the whole one.
 *
 * @param <M> the host
 */
final class ModuleSwitches<M extends AdaptedModel> {

    private static final String CALL = "ModuleShares";

    private final M model;
    private final String name;
    private final Adapter adapter;
    private final ToDoubleFunction<? super M> metric;
    private final Problems problems = new Problems();

    private ModuleSwitches(M model, String name, ToDoubleFunction<? super M> metric) {
        this.model = model;
        this.name = name;
        this.adapter = model.adapter(name);
        this.metric = metric;
    }

    static <M extends AdaptedModel> ModuleSwitches<M> of(M model, String name, ToDoubleFunction<? super M> metric) {
        requireActing(model, name);
        ModuleSwitches<M> switches = new ModuleSwitches<>(model, name, metric);
        if (switches.paths().isEmpty()) {
            throw new IllegalArgumentException(CALL + ": adapter " + MessageText.name(name) + " (method "
                    + switches.adapter.config().peftType()
                    + ") has no updates of modules that could be switched off; expected at least one.");
        }
        return switches;
    }

    private static void requireActing(AdaptedModel model, String name) {
        if (!model.adapterNames().contains(name)) {
            throw new IllegalArgumentException(CALL + ": no adapter " + MessageText.name(name)
                    + ClosestNames.hint(String.valueOf(name), model.adapterNames())
                    + "; expected one of adapterNames().");
        }
        Problems problems = new Problems();
        problems.check(model.isEnabled(), "adapters are disabled; call enable() first");
        problems.check(
                model.activeAdapters().contains(name), MessageText.name(name) + " is not active; activate(name) first");
        problems.check(
                model.mergedAdapters().isEmpty(),
                Problems.quoted(model.mergedAdapters()) + " is merged; call unmerge() first");
        problems.check(
                !(model instanceof AdaptedSameDiff graph && graph.gate(name).isPresent()),
                MessageText.name(name) + " has a gate, which a part of it would not have; fold the gate into an adapter"
                        + " first");
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message(CALL));
        }
    }

    /** The modules whose updates can be switched off. */
    Set<String> paths() {
        return adapter.config().targetUse() == TargetUse.FACTORS
                ? adapter.modules().keySet().stream()
                        .map(PeftKeys::wrapperOf)
                        .filter(adapter.config()::selects)
                        .collect(Collectors.toCollection(TreeSet::new))
                : Set.of();
    }

    /** The metric while some modules have no update; the state is restored whatever happens. */
    double measure(String what, Collection<String> off) {
        double found = off.isEmpty() ? metric.applyAsDouble(model) : measureWithout(off);
        problems.check(
                Double.isFinite(found),
                "the metric with " + MessageText.value(what) + " is " + found + ", expected a finite number");
        return found;
    }

    void requireFinite() {
        problems.throwIfAny(CALL);
    }

    private double measureWithout(Collection<String> off) {
        List<String> active = model.activeAdapters();
        String beside = freeName();
        try {
            boolean acts = reduced(off, beside);
            model.activate(active.stream()
                    .flatMap(one -> !one.equals(name) ? Stream.of(one) : acts ? Stream.of(beside) : Stream.empty())
                    .toArray(String[]::new));
            return metric.applyAsDouble(model);
        } finally {
            model.activate(active.toArray(new String[0]));
            if (model.adapterNames().contains(beside)) {
                model.removeAdapter(beside);
            }
        }
    }

    private String freeName() {
        String free = name + " in part";
        while (model.adapterNames().contains(free)) {
            free += "'";
        }
        return free;
    }

    /** Adds the adapter without some modules; false if nothing is left of it. */
    private boolean reduced(Collection<String> off, String beside) {
        AdapterConfig config = adapter.config();
        Set<String> on = new TreeSet<>(paths());
        on.removeAll(off);
        if (on.isEmpty() && trainsNothingElse(config)) {
            return false;
        }
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        adapter.modules().forEach((path, tensors) -> {
            Map<String, INDArray> kept = new HashMap<>(tensors);
            if (off.contains(PeftKeys.wrapperOf(path))) {
                // Rows of a table are trained beside its update.
                kept.keySet().retainAll(Set.of(PeftTensor.TOKEN_ROWS.suffix()));
            }
            if (!kept.isEmpty()) {
                modules.put(path, kept);
            }
        });
        Map<String, INDArray> saved = new TreeMap<>(adapter.savedParameters());
        saved.keySet()
                .removeIf(path -> config.bias() == BiasTraining.ADAPTED_ONLY
                        && !config.savesFully(PeftKeys.moduleOf(path))
                        && off.contains(PeftKeys.moduleOf(path)));
        model.addAdapter(beside, Adapter.of(config(on), adapter.extras(), modules, saved));
        return true;
    }

    private static boolean trainsNothingElse(AdapterConfig config) {
        return config.modulesToSave().isEmpty()
                && config.targetParameters().isEmpty()
                && config.trainableTokens().isEmpty();
    }

    /** The same config for some modules only, which are named whole. */
    private AdapterConfig config(Set<String> on) {
        AdapterConfig.Builder<?> builder = adapter.config().toBuilder();
        List<String> expressions = new ArrayList<>();
        on.forEach(path -> expressions.add(path.replaceAll("[^A-Za-z0-9_]", "\\\\$0")));
        builder.targetModules(
                on.isEmpty() ? ModuleSelector.none() : ModuleSelector.regex(String.join("|", expressions)));
        if (!adapter.config().layersToTransform().isEmpty()) {
            builder.layersToTransform(List.of()).layersPattern(List.of());
        }
        return builder.build();
    }
}
