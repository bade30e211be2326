/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Problems;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.ExpertGate;
import org.lora4j.samediff.ExpertGate.Input;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Several tasks over one frozen base, each with the parts of its update that it shares and those of its own.
 *
 * <p>Every task is an {@link AdaptedSameDiff} over its own graph with up to three active adapters, {@value #SHARED}, {@value
 * #EXPERTS} and {@value #SPECIFIC}. Factors of the first two are the same arrays in all of them, so that switching between
 * tasks costs nothing: each task keeps its graph, and what one learns the others know at once.
 *
 * <p><b>State.</b> The graphs are never changed. Heads and specific factors belong to their task. Do not add, remove or
 * activate adapters of the tasks' models; freezing one with {@code setTrainable} is fine.
 *
 * <p><b>Threads.</b> One call at a time.
 *
 * @apiNote Status: experimental
 */
public final class MultiTaskModel {

    /** Name of the adapter that all tasks share. */
    public static final String SHARED = "shared";

    /** Name of the adapter whose rank is split among experts. */
    public static final String EXPERTS = "experts";

    /** Name of the adapter that each task has for itself, its head included. */
    public static final String SPECIFIC = "specific";

    private final Map<String, Task> tasks;
    private final Map<String, AdaptedSameDiff> models;

    private MultiTaskModel(Map<String, Task> tasks, Map<String, AdaptedSameDiff> models) {
        this.tasks = tasks;
        this.models = models;
    }

    /**
     * Makes a model whose parts have learned nothing yet: every task computes what its graph does.
     *
     * @param config which parts there are
     * @param tasks the tasks, at least one
     * @param seed source of all start values
     * @return the model
     * @throws IllegalArgumentException if names clash or are no names for folders, the graphs are not over one base
     *     (modules, shapes or weights differ), or a part does not fit a graph; problems of one kind come in one message
     * @throws org.lora4j.error.NoMatchingModuleException if a target or a head matches nothing
     */
    public static MultiTaskModel create(MultiTaskConfig config, List<Task> tasks, long seed) {
        Map<String, Task> byName = byName(tasks);
        Map<String, AdaptedSameDiff> models = new LinkedHashMap<>();
        byName.forEach((name, task) -> {
            AdaptedSameDiff model = AdaptedSameDiff.of(task.graph());
            Optional<AdaptedSameDiff> first = models.values().stream().findFirst();
            config.shared().ifPresent(part -> addCommon(model, SHARED, part, first, seed));
            config.experts().ifPresent(experts -> {
                addCommon(model, EXPERTS, experts.together(), first, seed + 1);
                ExpertGate fresh =
                        ExpertGate.fresh(experts.count(), experts.gate().input());
                if (first.isEmpty() || fresh.input() == Input.CONSTANT) {
                    model.setGate(EXPERTS, fresh);
                }
            });
            specific(config, task)
                    .ifPresent(part -> model.addAdapter(
                            SPECIFIC, part, RandomStreams.of(seed, name).nextLong()));
            models.put(name, activated(model));
        });
        return checked(byName, models);
    }

    private static void addCommon(
            AdaptedSameDiff model, String name, LoraConfig config, Optional<AdaptedSameDiff> first, long seed) {
        if (first.isPresent()) {
            model.shareAdapter(name, first.get());
        } else {
            model.addAdapter(name, config, seed);
        }
    }

    /** What a task has for itself: factors, a head, both, or nothing. */
    private static Optional<LoraConfig> specific(MultiTaskConfig config, Task task) {
        if (task.head().isEmpty()) {
            return config.specific();
        }
        LoraConfig.Builder builder = config.specific()
                .map(LoraConfig::toBuilder)
                .orElseGet(() -> LoraConfig.builder().targetModules(ModuleSelector.none()));
        return Optional.of(builder.modulesToSave(task.head()).build());
    }

    /**
     * Makes a model of values that were trained before.
     *
     * @param adapter the values
     * @param tasks some of its tasks, or all; with the graphs and heads they were trained with
     * @return the model, everything in it trainable
     * @throws IllegalArgumentException as {@link #create}, and if a task is not in the adapter, its labels are others or
     *     its tensors do not fit its graph
     */
    public static MultiTaskModel of(MultiTaskAdapter adapter, List<Task> tasks) {
        Map<String, Task> byName = byName(tasks);
        Problems problems = new Problems();
        byName.values().forEach(task -> adapter.checkTask(task, problems));
        problems.throwIfAny("MultiTaskModel");
        Map<String, AdaptedSameDiff> models = new LinkedHashMap<>();
        byName.forEach((name, task) -> {
            AdaptedSameDiff model = AdaptedSameDiff.of(task.graph());
            Optional<AdaptedSameDiff> first = models.values().stream().findFirst();
            adapter.shared().ifPresent(part -> addCommon(model, SHARED, part, first));
            adapter.experts().ifPresent(part -> {
                addCommon(model, EXPERTS, part, first);
                ExpertGate gate = adapter.gate(name).orElseThrow();
                if (first.isEmpty() || gate.input() == Input.CONSTANT) {
                    model.setGate(EXPERTS, gate);
                }
            });
            adapter.specific(name).ifPresent(part -> model.addAdapter(SPECIFIC, part));
            model.adapterNames().forEach(part -> model.setTrainable(part, true));
            models.put(name, activated(model));
        });
        return checked(byName, models);
    }

    private static void addCommon(AdaptedSameDiff model, String name, Adapter part, Optional<AdaptedSameDiff> first) {
        if (first.isPresent()) {
            model.shareAdapter(name, first.get());
        } else {
            model.addAdapter(name, part);
        }
    }

    private static AdaptedSameDiff activated(AdaptedSameDiff model) {
        model.activate(model.adapterNames().toArray(new String[0]));
        return model;
    }

    private static Map<String, Task> byName(List<Task> tasks) {
        Problems problems = new Problems();
        TaskNames.check(tasks.stream().map(Task::name).toList(), problems);
        problems.throwIfAny("MultiTaskModel");
        Map<String, Task> byName = new LinkedHashMap<>();
        tasks.forEach(task -> byName.put(task.name(), task));
        return byName;
    }

    private static MultiTaskModel checked(Map<String, Task> tasks, Map<String, AdaptedSameDiff> models) {
        Problems problems = new Problems();
        new CommonBase(tasks, models).check(problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("MultiTaskModel")
                    + "; expected graphs over one base. Build all of them over the same weights.");
        }
        return new MultiTaskModel(
                Collections.unmodifiableMap(new LinkedHashMap<>(tasks)), Collections.unmodifiableMap(models));
    }

    /**
     * The tasks.
     *
     * @return names in order
     */
    public List<String> tasks() {
        return List.copyOf(tasks.keySet());
    }

    /**
     * A task with its adapters active: to train it as part of a {@link LearningTask}, and to compute outputs.
     *
     * @param name name of a task
     * @return the live model
     * @throws IllegalArgumentException if there is no such task
     */
    public AdaptedSameDiff task(String name) {
        AdaptedSameDiff model = models.get(name);
        if (model == null) {
            throw TaskNames.unknown("MultiTaskModel", name, tasks.keySet());
        }
        return model;
    }

    /**
     * The values now.
     *
     * @return a copy, which later training does not change
     */
    public MultiTaskAdapter adapter() {
        AdaptedSameDiff first = models.values().iterator().next();
        Map<String, MultiTaskAdapter.Part> parts = new LinkedHashMap<>();
        models.forEach((name, model) -> parts.put(
                name,
                new MultiTaskAdapter.Part(
                        part(model, SPECIFIC),
                        model.adapterNames().contains(EXPERTS) ? model.gate(EXPERTS) : Optional.empty(),
                        tasks.get(name).labels())));
        return new MultiTaskAdapter(part(first, SHARED), part(first, EXPERTS), parts);
    }

    private static Optional<Adapter> part(AdaptedSameDiff model, String name) {
        return model.adapterNames().contains(name) ? Optional.of(model.adapter(name)) : Optional.empty();
    }

    /**
     * How many numbers learn.
     *
     * @return the counts of the parts
     */
    public MultiTaskParameters parameters() {
        Set<INDArray> counted = Collections.newSetFromMap(new IdentityHashMap<>());
        Map<String, List<TrainableParameter>> byTask = new LinkedHashMap<>();
        models.forEach((name, model) -> byTask.put(name, model.trainableParameters()));
        Map<INDArray, Integer> uses = new IdentityHashMap<>();
        byTask.values().forEach(list -> list.forEach(parameter -> uses.merge(parameter.value(), 1, Integer::sum)));
        long common = 0;
        Map<String, Long> factors = new LinkedHashMap<>();
        Map<String, Long> heads = new LinkedHashMap<>();
        for (Map.Entry<String, List<TrainableParameter>> task : byTask.entrySet()) {
            LoraConfig saving = saving(tasks.get(task.getKey()));
            factors.put(task.getKey(), 0L);
            heads.put(task.getKey(), 0L);
            for (TrainableParameter parameter : task.getValue()) {
                long length = parameter.value().length();
                if (saving != null && saving.savesFully(parameter.module())) {
                    heads.merge(task.getKey(), length, Long::sum);
                } else if (uses.get(parameter.value()) == 1) {
                    factors.merge(task.getKey(), length, Long::sum);
                } else if (counted.add(parameter.value())) {
                    common += length;
                }
            }
        }
        return new MultiTaskParameters(common, factors, heads);
    }

    private static LoraConfig saving(Task task) {
        return task.head().isEmpty()
                ? null
                : LoraConfig.builder()
                        .targetModules(ModuleSelector.none())
                        .modulesToSave(task.head())
                        .build();
    }

    @Override
    public String toString() {
        return "MultiTaskModel[tasks " + Problems.quoted(tasks()) + "]";
    }
}
