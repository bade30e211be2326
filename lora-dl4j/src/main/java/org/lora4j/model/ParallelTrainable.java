/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.ParallelExecutor;

/** A model whose batches are shared among threads. */
final class ParallelTrainable implements Trainable {

    private final Trainable model;
    private final int threads;
    private GraphExecutor shared;
    private GraphExecutor parallel;

    ParallelTrainable(Trainable model, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("inParallel: threads = " + threads + "; expected 1 or more.");
        }
        this.model = model;
        this.threads = threads;
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.trainableParameters();
    }

    // The model makes a new executor when its state changes.
    @Override
    public GraphExecutor executor() {
        GraphExecutor now = model.executor();
        if (now != shared) {
            parallel = ParallelExecutor.of(now, threads);
            shared = now;
        }
        return parallel;
    }
}
