/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model whose loss and gradients are changed on the way. */
record ChangedTraining(Trainable model, UnaryOperator<LossAndGradients> change) implements Trainable {

    /** A loss that is NaN from a pass on. */
    static Trainable nanFrom(Trainable model, int pass) {
        int[] passes = {0};
        return new ChangedTraining(
                model, found -> ++passes[0] < pass ? found : new LossAndGradients(Double.NaN, found.gradients()));
    }

    /** A loss that is NaN in one pass. */
    static Trainable nanAt(Trainable model, int pass) {
        int[] passes = {0};
        return new ChangedTraining(
                model, found -> ++passes[0] != pass ? found : new LossAndGradients(Double.NaN, found.gradients()));
    }

    /** A loss that rises whatever is learned. */
    static Trainable rising(Trainable model) {
        int[] passes = {0};
        return new ChangedTraining(model, found -> new LossAndGradients(1 + 0.001 * passes[0]++, found.gradients()));
    }

    /** Gradients of 0. */
    static Trainable without(Trainable model) {
        return new ChangedTraining(model, found -> {
            found.gradients().values().forEach(gradient -> gradient.assign(0));
            return found;
        });
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.trainableParameters();
    }

    @Override
    public GraphExecutor executor() {
        return new Changed(model.executor(), change);
    }

    private record Changed(GraphExecutor executor, UnaryOperator<LossAndGradients> change) implements GraphExecutor {

        @Override
        public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
            return executor.output(placeholders, outputs);
        }

        @Override
        public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
            return change.apply(executor.gradients(placeholders, seed));
        }

        @Override
        public GraphExecutor fork() {
            return new Changed(executor.fork(), change);
        }
    }
}
