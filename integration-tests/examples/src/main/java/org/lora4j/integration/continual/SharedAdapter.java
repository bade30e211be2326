/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;

/** One adapter, with a head for each task, learns task after task. */
final class SharedAdapter extends Strategy {

    private static final String SHARED = "shared";

    private final AdaptedSameDiff model;
    private final Keeper keeper;

    SharedAdapter(String name, SameDiff base, Intents intents, Settings settings, Inputs inputs, Keeper keeper) {
        super(name, intents, settings, inputs);
        this.keeper = keeper;
        model = AdaptedSameDiff.of(base);
        model.addAdapter(SHARED, settings.config(intents.names().toArray(String[]::new)), settings.seed());
        model.activate(SHARED);
    }

    @Override
    public void learn(ContinualTask<LabeledText> task) {
        List<LabeledText> texts = new ArrayList<>(task.training());
        texts.addAll(keeper.again());
        training().adapters(model, intents().batches(texts).batches(inputs()), keeper.penalties());
        keeper.learned(task, model);
    }

    @Override
    SameDiff graph(String task) {
        return model.graph();
    }

    @Override
    long parameters() {
        return AdapterPerTask.numbers(model.adapter(SHARED));
    }
}
