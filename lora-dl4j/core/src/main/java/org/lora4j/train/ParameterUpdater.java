/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The optimizer of one parameter: its state, and the way to apply a gradient. Used by one thread.
 *
 * @apiNote Status: stable
 */
public interface ParameterUpdater {

    /**
     * Updates the parameter in place.
     *
     * @param gradient the gradient before scaling, of the parameter's shape; may be overwritten
     * @param step rate, decay and scale of this step
     */
    void update(INDArray gradient, UpdateStep step);

    /**
     * Copies the state, for a checkpoint.
     *
     * @return the state; its arrays belong to the caller
     */
    OptimizerState state();

    /**
     * Replaces the state by one that {@link #state()} of the same kind of optimizer gave for a parameter of the same shape.
     * From then on updates are equal in every bit to those of the updater that gave it.
     *
     * @param state the state; copied
     * @throws IllegalArgumentException if its arrays have other names or shapes; nothing is changed then
     */
    void restore(OptimizerState state);
}
