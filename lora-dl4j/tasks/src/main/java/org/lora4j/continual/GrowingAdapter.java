/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.model.AdaptedModel;

/**
 * One adapter that grows by a part with each task (O-LoRA): all parts are active, the last one learns, the earlier ones are
 * frozen, and a penalty keeps what the last one reads apart from what they read.
 *
 * <pre>{@code
 * GrowingAdapter growing = GrowingAdapter.on(model);
 * OrthogonalityPenalty penalty = growing.begin("travel", config, seed, 0.5);
 * Trainer.builder(model).plan(plan.toBuilder().penalty(penalty).build()).build().train(batches);
 * growing.concatenated().save(directory);
 * }</pre>
 *
 * <p>Parts live in the model as adapters named after their tasks. Heads are saved by the part of their task; each task has its
 * own, as two active adapters must not save one parameter.
 *
 * <p><b>State.</b> The model's adapters and what is active. <b>Threads.</b> As the model.
 *
 * <p><i>Source:</i> Wang et al. 2023, Orthogonal Subspace Learning for Language Model Continual Learning, arXiv:2310.14152.
 *
 * @apiNote Status: experimental
 */
public final class GrowingAdapter {

    private final AdaptedModel model;
    private final List<String> tasks = new ArrayList<>();

    private GrowingAdapter(AdaptedModel model) {
        this.model = model;
    }

    /**
     * Starts with no part.
     *
     * @param model the model; adapters that it has already are left alone, and not active once the first part begins
     * @return the adapter
     */
    public static GrowingAdapter on(AdaptedModel model) {
        return new GrowingAdapter(model);
    }

    /**
     * Adds the part of a new task: it is trainable and active, the parts before it are active and no longer trainable.
     *
     * @param task a name that no adapter of the model has
     * @param config what to adapt and how
     * @param seed source of the start values
     * @param strength of the penalty, finite, 0 or above
     * @return the penalty to train with; for the first task it is always 0
     * @throws IllegalArgumentException if the name is taken, the config does not fit the model or parts cannot be kept apart
     *     (they adapt more than linear modules); nothing has changed then
     * @throws IllegalStateException if an adapter of the model is merged; nothing has changed then
     */
    public OrthogonalityPenalty begin(String task, LoraConfig config, long seed, double strength) {
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(
                strength, tasks.stream().map(model::adapter).toList());
        List<String> all = new ArrayList<>(tasks);
        all.add(task);
        model.addAdapter(task, config, seed);
        try {
            model.activate(all.toArray(String[]::new));
        } catch (IllegalArgumentException | IllegalStateException e) {
            model.removeAdapter(task);
            throw e;
        }
        tasks.forEach(earlier -> model.setTrainable(earlier, false));
        tasks.add(task);
        return penalty;
    }

    /**
     * The tasks so far.
     *
     * @return names in the order in which they came
     */
    public List<String> tasks() {
        return Collections.unmodifiableList(tasks);
    }

    /**
     * All parts as one plain adapter: their factors side by side, the rank the sum of theirs, with the heads of all tasks. It
     * computes what the parts compute together.
     *
     * @return a new adapter, which later training does not change
     * @throws IllegalStateException if there is no part yet
     */
    public Adapter concatenated() {
        if (tasks.isEmpty()) {
            throw new IllegalStateException(
                    "GrowingAdapter: concatenated() without a part; expected one or more. Call begin(...) first.");
        }
        double[] weights = tasks.stream().mapToDouble(task -> 1).toArray();
        return Combine.of(tasks.stream().map(model::adapter).toList())
                .weights(weights)
                .algorithm(CombineAlgorithm.CAT)
                .combine();
    }

    @Override
    public String toString() {
        return "GrowingAdapter[tasks " + Problems.quoted(tasks) + "]";
    }
}
