/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.method.StepRule;

/** A model that is run in another way. */
final class ChangedTrainable implements Trainable {

    private final Trainable model;
    private final UnaryOperator<GraphExecutor> change;
    private GraphExecutor plain;
    private GraphExecutor changed;

    ChangedTrainable(Trainable model, UnaryOperator<GraphExecutor> change) {
        this.model = model;
        this.change = change;
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.trainableParameters();
    }

    @Override
    public List<StepRule> stepRules() {
        return model.stepRules();
    }

    @Override
    public void saveAdapter(Path directory) throws IOException {
        model.saveAdapter(directory);
    }

    @Override
    public void trained(RunEvidence run) {
        model.trained(run);
    }

    @Override
    public List<String> modulesWithoutGradient() {
        return model.modulesWithoutGradient();
    }

    @Override
    public List<String> freshHeads() {
        return model.freshHeads();
    }

    // The model makes a new executor when its state changes.
    @Override
    public GraphExecutor executor() {
        GraphExecutor now = model.executor();
        if (now != plain) {
            changed = change.apply(now);
            plain = now;
        }
        return changed;
    }
}
