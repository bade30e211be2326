/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SameDiff;

/** All weights of the encoder learn task after task: the warning. */
final class FullFineTuning extends Strategy {

    private final SameDiff graph;
    private final TrainableGraph model;

    /** Changes the arrays of the graph. */
    FullFineTuning(SameDiff graph, Intents intents, Settings settings) {
        super("full fine-tuning", intents, settings, Inputs.WHOLE);
        this.graph = graph;
        model = TrainableGraph.of(graph, TrainableGraph.weights(graph));
    }

    @Override
    public void learn(ContinualTask<LabeledText> task) {
        training().everything(model, intents().batches(task.training()).batches(inputs()));
    }

    @Override
    SameDiff graph(String task) {
        return graph;
    }

    @Override
    long parameters() {
        return model.trainableParameters().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
    }
}
