/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.model.AdaptedModel;

/**
 * Which modules carry what an adapter reaches: a metric with the update of each module switched off, and with it alone.
 *
 * <pre>{@code
 * ModuleShares shares = ModuleShares.of(model, "default", adapted -> accuracy(adapted.outputExecutor(), validation));
 * }</pre>
 *
 * <p>What a module loses the model when it is missing, and what it reaches on its own, differ: where modules can stand
 * in for each other, none is missed much, and where they need each other, none reaches anything alone. Neither adds up
 * to the whole.
 *
 * <p><b>How.</b> For every measurement an adapter that lacks some modules is added beside, takes the place of the
 * adapter among the active ones, and is removed. So it works for every method and host. Parameters trained in full,
 * such as a head, act in all measurements (biases that were trained with their modules go with them).
 *
 * <p><b>Costs.</b> Two metrics for each module and two for the whole. Measure groups, such as layers, and fewer
 * examples where that is too long.
 *
 * <p><b>State.</b> Adapters, what is active, trainable and enabled are as before afterwards, to the bit, also if the
 * metric throws. As after every change of what is active, a network of Deeplearning4j is to be asked for again ({@code
 * network()}).
 *
 * @param all the metric with all updates
 * @param none the metric with none of them
 * @param modules what each module does, in the order of the adapter
 * @apiNote Status: experimental
 */
public record ModuleShares(double all, double none, List<ModuleShare> modules) {

    /**
     * Copies the list.
     *
     * @param all the metric with all updates
     * @param none the metric with none
     * @param modules what each module does
     */
    public ModuleShares {
        modules = List.copyOf(modules);
    }

    /**
     * Measures every module on its own.
     *
     * @param model a model in which the adapter is active and not merged; as before afterwards
     * @param adapter name of the adapter
     * @param metric measures the model in its current state, such as its accuracy on validation data; more is better
     * @param <M> the host
     * @return the figures
     * @throws IllegalArgumentException if the model has no such adapter, it has no updates of modules, or the
     *     metric is not finite; the message lists everything
     * @throws IllegalStateException if the adapter is not active or has a gate, an adapter is merged, or adapters are
     *     disabled
     */
    public static <M extends AdaptedModel> ModuleShares of(
            M model, String adapter, ToDoubleFunction<? super M> metric) {
        return of(model, adapter, metric, Function.identity());
    }

    /**
     * Measures groups of modules.
     *
     * @param model as above
     * @param adapter name of the adapter
     * @param metric as above
     * @param group gives the name of the group that a module is in, by its path, for instance that of its layer
     * @param <M> the host
     * @return the figures, a line for each group
     * @throws IllegalArgumentException as above
     * @throws IllegalStateException as above
     */
    public static <M extends AdaptedModel> ModuleShares of(
            M model, String adapter, ToDoubleFunction<? super M> metric, Function<String, String> group) {
        Objects.requireNonNull(model, "ModuleShares: model is null; expected a model with an adapter");
        Objects.requireNonNull(metric, "ModuleShares: metric is null; expected a function that measures the model");
        Objects.requireNonNull(group, "ModuleShares: group is null; expected a function of paths");
        ModuleSwitches<M> switches = ModuleSwitches.of(model, adapter, metric);
        Map<String, Set<String>> groups = new LinkedHashMap<>();
        switches.paths()
                .forEach(path -> groups.computeIfAbsent(String.valueOf(group.apply(path)), name -> new TreeSet<>())
                        .add(path));
        double all = switches.measure("all modules", Set.of());
        switches.requireFinite();
        double none = switches.measure("no module", switches.paths());
        List<ModuleShare> shares = new ArrayList<>();
        groups.forEach((name, paths) -> {
            double without = switches.measure("all but " + name, paths);
            double alone = switches.measure(name + " alone", others(switches.paths(), paths));
            shares.add(new ModuleShare(name, paths.size(), without, alone));
        });
        switches.requireFinite();
        return new ModuleShares(all, none, shares);
    }

    private static Set<String> others(Collection<String> all, Collection<String> without) {
        Set<String> others = new HashSet<>(all);
        others.removeAll(without);
        return others;
    }

    /**
     * What is lost without each module.
     *
     * @return the modules, those first that are missed most
     */
    public List<ModuleShare> byLoss() {
        return modules.stream()
                .sorted(Comparator.comparingDouble(ModuleShare::without))
                .toList();
    }

    /**
     * The figures as JSON, under the names of this record and of {@link ModuleShare}.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("all", all);
        values.put("none", none);
        values.put(
                "modules",
                modules.stream()
                        .map(share -> {
                            Map<String, Object> one = new LinkedHashMap<>();
                            one.put("name", share.name());
                            one.put("modules", share.modules());
                            one.put("without", share.without());
                            one.put("alone", share.alone());
                            return one;
                        })
                        .toList());
        return JsonObjects.write(values);
    }

    /** A table: the whole, nothing, then the modules, those first that are missed most. */
    @Override
    public String toString() {
        ReportTable table = new ReportTable("module", "without it", "lost", "alone", "gained");
        table.line("all", all, "", "", "").line("none", none, "", "", "");
        byLoss().forEach(share ->
                table.line(share.name(), share.without(), all - share.without(), share.alone(), share.alone() - none));
        return table.toString();
    }
}
