/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.parts.ParallelExecutor;
import org.lora4j.method.StepRule;

/**
 * Something a training loop can train: live parameters, and an executor that computes their gradients.
 *
 * @apiNote Status: stable
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
     * What methods of the adapters that learn want beside gradients: terms of the loss, and a word after each step. The loop
     * asks once for a run.
     *
     * @return new rules, none by default
     */
    default List<StepRule> stepRules() {
        return List.of();
    }

    /**
     * Writes the adapter that learns as it is now, for a checkpoint to be opened as one. Nothing is written by default, and where no adapter
     * learns.
     *
     * @param directory where to, other files of it stay
     * @throws IOException if it cannot be written
     */
    default void saveAdapter(Path directory) throws IOException {}

    /**
     * Takes note of a run that has ended, so that the adapters that learned in it have a receipt when they are taken from this model. Called
     * by the loop if factors of adapters learned. Nothing is noted by default.
     *
     * @param run what the run was
     */
    default void trained(RunEvidence run) {}

    /**
     * What learns and has no way to the loss, as the model shows without being run: training it would change nothing.
     *
     * @return names of modules; none by default, as if the model could not tell
     */
    default List<String> modulesWithoutGradient() {
        return List.of();
    }

    /**
     * The output heads that have never learned, as far as their values tell, and that neither learn now nor are saved.
     *
     * @return names of modules; none by default, as if the model could not tell
     */
    default List<String> freshHeads() {
        return List.of();
    }

    /**
     * The same model, with its executor changed.
     *
     * @param change gives an executor for the one that the model has; asked again whenever the model has a new one
     * @return a model with the same parameters and step rules
     */
    default Trainable executedBy(UnaryOperator<GraphExecutor> change) {
        return new ChangedTrainable(this, change);
    }

    /**
     * The same model, its batches shared among threads as {@link ParallelExecutor} describes: for losses
     * that are means over the rows of a batch.
     *
     * @param threads number of threads, 1 or more; ND4J itself is best left one ({@code OMP_NUM_THREADS=1})
     * @return a view of this model
     * @throws IllegalArgumentException if {@code threads} is below 1
     */
    default Trainable inParallel(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("inParallel: threads = " + threads + "; expected 1 or more.");
        }
        return new ChangedTrainable(this, executor -> ParallelExecutor.of(executor, threads));
    }

    /**
     * The same model, its matrices multiplied by something else than ND4J's library. Call it before {@link #inParallel}
     * or after; results differ by rounding, and by more if the multiplier is less exact.
     *
     * @param multiplier what multiplies, for instance {@code OneDnn.products(MathMode.STRICT_F32)}
     * @return a view of this model, of a SameDiff graph; the executor of another one refuses
     */
    default Trainable multipliedBy(Multiplier multiplier) {
        Objects.requireNonNull(multiplier, "multipliedBy: multiplier is null; expected one such as Multiplier.nd4j()");
        return new ChangedTrainable(this, executor -> executor.withProducts(multiplier));
    }

    /**
     * The same model, trained in less memory: few activations of the forward pass are kept, and the others computed again
     * when the backward pass needs them (gradient checkpointing). Gradients are the same to the bit; a step takes about a
     * quarter longer. For batches that would not fit otherwise.
     *
     * @return a view of this model, of a SameDiff graph; the executor of another one refuses
     */
    default Trainable recomputingActivations() {
        return new ChangedTrainable(this, GraphExecutor::recomputing);
    }
}
