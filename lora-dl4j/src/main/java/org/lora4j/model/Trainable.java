/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.kernel.Multiplier;

/**
 * Something a training loop can train: live parameters, and an executor that computes their gradients.
 *
 * @apiNote Status: experimental
 */
public interface Trainable {

    /**
     * The parameters that learn now.
     *
     * @return the trainable parameters in a fixed order; their arrays are the live ones, updated in place by the loop
     */
    List<TrainableParameter> trainableParameters();

    /**
     * The executor whose {@link GraphExecutor#gradients} returns one gradient for each of
     * {@link #trainableParameters()}, by its name.
     *
     * @return the executor for training (dropout on); inference through {@link GraphExecutor#output} has dropout off
     */
    GraphExecutor executor();

    /**
     * The same model, its batches shared among threads as {@link org.lora4j.exec.ParallelExecutor} describes: for losses
     * that are means over the rows of a batch.
     *
     * @param threads number of threads, 1 or more; ND4J itself is best left one ({@code OMP_NUM_THREADS=1})
     * @return a view of this model
     * @throws IllegalArgumentException if {@code threads} is below 1
     */
    default Trainable inParallel(int threads) {
        return new ParallelTrainable(this, threads);
    }

    /**
     * The same model, its matrices multiplied by something else than ND4J's library. Call it before {@link #inParallel}
     * or after; results differ by rounding, and by more if the multiplier is less exact.
     *
     * @param multiplier what multiplies, for instance {@code OneDnn.products(MathMode.STRICT_F32)}
     * @return a view of this model, of a SameDiff graph; the executor of another one refuses
     */
    default Trainable multipliedBy(Multiplier multiplier) {
        return new MultipliedTrainable(this, multiplier);
    }
}
