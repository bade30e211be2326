/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.Collection;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.exec.kernel.Multiplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The one way in which training and inference reach a SameDiff graph.
 *
 * <p><b>State.</b> An executor reads the graph's parameter arrays at every call and never writes to them, so a caller
 * that updates a parameter array in place sees the change at the next call.
 *
 * <p><b>Threads.</b> One call at a time per executor; different executors over the same arrays may run side by side as
 * long as nobody writes to the arrays.
 *
 * @apiNote Status: stable
 */
public interface GraphExecutor {

    /**
     * Computes variables of the graph.
     *
     * @param placeholders an array for each placeholder that the outputs depend on
     * @param outputs names of the variables wanted
     * @return the arrays by name, in the order asked for; they belong to the caller
     * @throws IllegalArgumentException if a placeholder is missing, unknown or of a wrong shape or an output does not
     *     exist; the message lists every problem
     */
    Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs);

    /**
     * Computes the loss and its gradient with respect to every trainable variable of this executor.
     *
     * @param placeholders an array for each placeholder that the loss depends on
     * @param seed source of everything random in this step (dropout masks): equal seeds give equal results
     * @return loss and gradients; the arrays belong to the caller
     * @throws IllegalArgumentException as for {@link #output}, and if a loss variable is no single number
     */
    LossAndGradients gradients(Map<String, INDArray> placeholders, long seed);

    /**
     * Another executor over the same arrays, to be used by another thread at the same time.
     *
     * @return an executor that computes the same
     */
    GraphExecutor fork();

    /**
     * Takes an array back that {@link #gradients} gave and that the caller needs no longer: the result of a later call may be in
     * its memory, which else is new at each call.
     *
     * @param array the array, not to be used afterwards in any way
     */
    default void takeBack(INDArray array) {
        array.close();
    }

    /** Gives back the memory that is kept from one call to the next. The next call takes it anew. */
    default void release() {
        // Nothing is kept unless an executor says so.
    }

    /**
     * The same executor with kernels, its matrices multiplied by something else than ND4J's library.
     *
     * @param multiplier what multiplies, for instance {@code OneDnn.products(MathMode.STRICT_F32)}
     * @return a new executor; results differ by rounding, and by more if the multiplier is less exact
     * @throws IllegalArgumentException if this executor cannot do it
     */
    default GraphExecutor withProducts(Multiplier multiplier) {
        throw new IllegalArgumentException(
                "products: the executor " + getClass().getSimpleName()
                        + " does not let its matrices be multiplied by " + multiplier.description()
                        + "; expected one of a SameDiff graph. Train without it.");
    }

    /**
     * The same executor, which keeps few activations of the forward pass and computes the others again when the backward pass
     * needs them (gradient checkpointing). Gradients are the same to the bit; a step takes about a quarter longer,
     * and less than half of the memory of activations.
     *
     * @return a new executor
     * @throws IllegalArgumentException if this executor cannot do it
     */
    default GraphExecutor recomputing() {
        throw new IllegalArgumentException(
                "recomputation: the executor " + getClass().getSimpleName()
                        + " keeps its activations; expected one of a SameDiff graph. Train without it.");
    }

    /**
     * The same executor, which shares the rows of a batch among threads where it finds that to be right and faster.
     *
     * @param most largest number of parts, 1 or more
     * @return a new executor; this one, if it does not choose by itself
     * @throws IllegalArgumentException if {@code most} is below 1
     */
    default GraphExecutor inParts(int most) {
        return this;
    }

    /**
     * The same executor, which leaves batches whole: for a caller who has a thread for each executor.
     *
     * @return an executor over the same arrays; this one, if it does not choose by itself
     */
    default GraphExecutor inOnePart() {
        return this;
    }

    /**
     * The largest number of parts of a batch.
     *
     * @return the number, 1 or more
     */
    default int mostParts() {
        return 1;
    }

    /**
     * In how many parts {@link #gradients} runs a batch.
     *
     * @param placeholders the batch
     * @return the number, and why
     * @throws IllegalArgumentException as for {@link #gradients}
     */
    default ExecutionParts parting(Map<String, INDArray> placeholders) {
        return new ExecutionParts(1, "this executor runs batches whole");
    }

    /**
     * What multiplies matrices.
     *
     * @return words for reports
     */
    default String products() {
        return multiplier().description();
    }

    /**
     * What multiplies matrices.
     *
     * @return the multiplier; ND4J's if the executor does not say
     */
    default Multiplier multiplier() {
        return Multiplier.nd4j();
    }

    /**
     * How long products of matrices took since this executor was made, those of all its threads and forks together.
     *
     * @return seconds; empty where they are not measured, as those by ND4J
     */
    default OptionalDouble productSeconds() {
        return OptionalDouble.empty();
    }

    /**
     * The training graph in two parts, of which the lower one need not run again for equal inputs.
     *
     * @return the parts; made for the present, and not to be used when what is trainable or frozen has changed
     * @throws IllegalArgumentException if nothing frozen lies below what trains, something there draws random numbers, or
     *     this executor cannot do it; the message names the reason
     */
    default SplitExecutor split() {
        throw new IllegalArgumentException(
                "frozen prefix: the executor " + getClass().getSimpleName()
                        + " cannot run parts of its graph; expected one of a SameDiff graph. Train without the cache.");
    }
}
