/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradients of what a trainer trains, of one batch each. An adapted graph runs without dropout.
 *
 * @apiNote Status: internal
 */
public final class BatchGradients implements ExampleGradients<Batch> {

    private final GraphExecutor executor;
    private final List<Block> blocks;

    /**
     * Takes what learns now.
     *
     * @param model the model: its low-rank factors count, or, if it has none, all that learns
     * @throws IllegalStateException if nothing learns
     * @throws IllegalArgumentException if there is no loss
     */
    public BatchGradients(Trainable model) {
        List<TrainableParameter> all = model.trainableParameters();
        boolean factors = all.stream().anyMatch(parameter -> parameter.kind() == Kind.FACTOR);
        Map<String, INDArray> counted = new LinkedHashMap<>();
        all.stream()
                .filter(parameter -> !factors || parameter.kind() == Kind.FACTOR)
                .forEach(parameter -> counted.put(parameter.name(), parameter.value()));
        this.blocks = ExampleGradients.blocks(counted);
        this.executor = model instanceof AdaptedSameDiff adapted
                ? SameDiffExecutor.forTraining(adapted.graph(), counted.keySet())
                        .fastest()
                : model.executor();
    }

    @Override
    public List<Block> blocks() {
        return blocks;
    }

    @Override
    public float[] of(Batch example) {
        LossAndGradients pass = executor.gradients(example.placeholders(), 0);
        Map<String, INDArray> reached = new HashMap<>(pass.gradients());
        reached.keySet().removeAll(pass.unreached());
        return ExampleGradients.row(blocks, reached);
    }
}
