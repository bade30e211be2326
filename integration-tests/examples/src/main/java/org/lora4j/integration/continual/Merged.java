/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;

/** The adapters of all tasks so far, learned one by one and merged into one of the same rank. */
final class Merged extends Strategy {

    private static final String MERGED = "merged";

    private final AdapterPerTask parts;
    private final double weight;
    private final List<Adapter> adapters = new ArrayList<>();
    private final AdaptedSameDiff model;

    Merged(String name, SameDiff base, AdapterPerTask parts, double weight) {
        super(name, parts.intents(), parts.settings(), parts.inputs());
        this.parts = parts;
        this.weight = weight;
        model = AdaptedSameDiff.of(base);
    }

    @Override
    public void learn(ContinualTask<LabeledText> task) {
        adapters.add(parts.adapter(task.name()));
        if (model.adapterNames().contains(MERGED)) {
            model.activate();
            model.removeAdapter(MERGED);
        }
        double[] weights = Collections.nCopies(adapters.size(), weight).stream()
                .mapToDouble(w -> w)
                .toArray();
        Adapter merged = Combine.of(adapters)
                .weights(weights)
                .algorithm(CombineAlgorithm.SVD)
                .rank(Settings.RANK)
                .combine();
        model.addAdapter(MERGED, merged);
        model.activate(MERGED);
    }

    @Override
    SameDiff graph(String task) {
        return model.graph();
    }

    @Override
    long parameters() {
        return AdapterPerTask.numbers(model.adapter(MERGED));
    }
}
