/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;

/** An adapter of its own for each task: nothing that one task learned is touched by another. */
final class AdapterPerTask extends Strategy {

    private final AdaptedSameDiff model;
    private final Map<String, Logits> afterLearning = new LinkedHashMap<>();

    AdapterPerTask(SameDiff base, Intents intents, Settings settings, Inputs inputs) {
        super("an adapter for each task", intents, settings, inputs);
        model = AdaptedSameDiff.of(base);
    }

    @Override
    public void learn(ContinualTask<LabeledText> task) {
        String name = task.name();
        model.addAdapter(name, settings().config(name), settings().seed());
        model.activate(name);
        training().adapters(model, intents().batches(task.training()).batches(inputs()), List.of());
        model.setTrainable(name, false);
        afterLearning.put(name, super.logits(task));
    }

    @Override
    SameDiff graph(String task) {
        if (model.adapterNames().contains(task)) {
            model.activate(task);
        } else {
            model.activate();
        }
        return model.graph();
    }

    /** Saves the adapters, each with its receipt. */
    void save(Path folder) throws IOException {
        for (String task : model.adapterNames()) {
            model.adapter(task).save(folder.resolve(task.replaceAll("\\W+", "-")));
        }
    }

    Adapter adapter(String task) {
        return model.adapter(task);
    }

    /** Those after learning, which {@link #requireUnchanged} compares with those at the end. */
    @Override
    Logits logits(ContinualTask<LabeledText> task) {
        return afterLearning.computeIfAbsent(task.name(), name -> super.logits(task));
    }

    /** Computes all logits again and compares bit by bit. */
    void requireUnchanged() {
        for (ContinualTask<LabeledText> task : intents().tasks()) {
            float[][] now = super.logits(task).rows();
            float[][] then = afterLearning.get(task.name()).rows();
            for (int i = 0; i < now.length; i++) {
                for (int j = 0; j < now[i].length; j++) {
                    if (Float.floatToRawIntBits(now[i][j]) != Float.floatToRawIntBits(then[i][j])) {
                        throw new IllegalStateException("adapter \"" + task.name() + "\": logit [" + i + "][" + j
                                + "] is " + now[i][j] + " after all tasks; expected " + then[i][j]
                                + ", as right after learning");
                    }
                }
            }
        }
    }

    @Override
    long parameters() {
        return model.adapterNames().stream()
                .mapToLong(name -> numbers(model.adapter(name)))
                .sum();
    }

    static long numbers(Adapter adapter) {
        long factors = adapter.modules().values().stream()
                .flatMap(tensors -> tensors.values().stream())
                .mapToLong(tensor -> tensor.length())
                .sum();
        return factors
                + adapter.savedParameters().values().stream()
                        .mapToLong(tensor -> tensor.length())
                        .sum();
    }
}
