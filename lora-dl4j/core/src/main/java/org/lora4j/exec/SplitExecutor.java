/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An executor's training graph in two parts: the frozen prefix, whose results do not change while the model trains, and the
 * suffix, which starts from these results, the activations. {@link #suffix} after {@link #prefix} gives what
 * {@link GraphExecutor#gradients} gives.
 *
 * <p><b>State.</b> As of {@link GraphExecutor}; right as long as no frozen array changes. <b>Threads.</b> One call at a time.
 *
 * @apiNote Status: stable
 */
public interface SplitExecutor {

    /**
     * Where the graph is cut.
     *
     * @return a value
     */
    FrozenPrefix description();

    /**
     * What the activations are computed from.
     *
     * @return names of placeholders
     */
    Set<String> prefixInputs();

    /**
     * Computes the activations.
     *
     * @param placeholders as for {@link GraphExecutor#gradients}
     * @return an array for each name of {@link FrozenPrefix#activations()}; they belong to the caller, but may share memory
     *     with {@code placeholders}
     * @throws IllegalArgumentException as for {@link GraphExecutor#gradients}
     */
    Map<String, INDArray> prefix(Map<String, INDArray> placeholders);

    /**
     * Computes the loss and its gradient from activations.
     *
     * @param placeholders as for {@link GraphExecutor#gradients}
     * @param activations what {@link #prefix} gave for {@code placeholders}; only read
     * @param seed as for {@link GraphExecutor#gradients}
     * @return loss and gradients; the arrays belong to the caller and share no memory with {@code activations}
     * @throws IllegalArgumentException as for {@link GraphExecutor#gradients}
     */
    LossAndGradients suffix(Map<String, INDArray> placeholders, Map<String, INDArray> activations, long seed);
}
