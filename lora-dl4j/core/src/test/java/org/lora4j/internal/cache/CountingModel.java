/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.SplitExecutor;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Counts what is run of another model. */
final class CountingModel implements Trainable, GraphExecutor {

    private final Trainable model;
    int whole;
    int prefix;
    int suffix;

    CountingModel(Trainable model) {
        this.model = model;
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.trainableParameters();
    }

    @Override
    public GraphExecutor executor() {
        return this;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return model.executor().output(placeholders, outputs);
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        whole++;
        return model.executor().gradients(placeholders, seed);
    }

    @Override
    public GraphExecutor fork() {
        return model.executor().fork();
    }

    @Override
    public SplitExecutor split() {
        SplitExecutor split = model.executor().split();
        return new SplitExecutor() {
            @Override
            public FrozenPrefix description() {
                return split.description();
            }

            @Override
            public Set<String> prefixInputs() {
                return split.prefixInputs();
            }

            @Override
            public Map<String, INDArray> prefix(Map<String, INDArray> placeholders) {
                prefix++;
                return split.prefix(placeholders);
            }

            @Override
            public LossAndGradients suffix(
                    Map<String, INDArray> placeholders, Map<String, INDArray> activations, long seed) {
                suffix++;
                return split.suffix(placeholders, activations, seed);
            }
        };
    }
}
