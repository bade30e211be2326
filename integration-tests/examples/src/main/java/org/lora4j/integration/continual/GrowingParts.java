/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.List;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.GrowingAdapter;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Penalty;
import org.nd4j.autodiff.samediff.SameDiff;

/** O-LoRA: one adapter that grows by an orthogonal part with each task. */
final class GrowingParts extends Strategy {

    private final AdaptedSameDiff model;
    private final GrowingAdapter growing;
    private final double strength;

    GrowingParts(String name, SameDiff base, Intents intents, Settings settings, Inputs inputs, double strength) {
        super(name, intents, settings, inputs);
        this.strength = strength;
        model = AdaptedSameDiff.of(base);
        growing = GrowingAdapter.on(model);
    }

    @Override
    public void learn(ContinualTask<LabeledText> task) {
        Penalty penalty = growing.begin(
                task.name(), settings().config(task.name()), settings().seed(), strength);
        training().adapters(model, intents().batches(task.training()).batches(inputs()), List.of(penalty));
    }

    @Override
    SameDiff graph(String task) {
        return model.graph();
    }

    @Override
    long parameters() {
        return AdapterPerTask.numbers(growing.concatenated());
    }
}
