/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;

/**
 * A rule that turns gradients into updates; a value, from which every run makes fresh state per parameter.
 *
 * <p>Ready ones: {@link AdamW}, {@link AdamOptimizer}, {@link SgdOptimizer}, {@link LoraFa}, and {@link Nd4jOptimizer} for the updaters of ND4J.
 *
 * @apiNote Status: stable
 */
public interface Optimizer {

    /**
     * The learning rate before the schedule and the parameter groups.
     *
     * @param step number of steps done before, from 0
     * @param epoch number of the epoch, from 1
     * @return a finite number above 0; 1 if {@link #hasLearningRate()} is false
     */
    double learningRate(long step, int epoch);

    /**
     * Whether the update depends on a learning rate; if not, neither a schedule nor a group can change it.
     *
     * @return true, but for rules such as AdaDelta
     */
    default boolean hasLearningRate() {
        return true;
    }

    /**
     * The weight decay of parameters that no group says otherwise for. What it means is the optimizer's: decoupled or added
     * to the gradient. Biases and normalization gains get none unless the plan asks for it.
     *
     * @return a finite number, 0 or above
     */
    double weightDecay();

    /**
     * Makes the state for one parameter of one run.
     *
     * @param parameter the parameter, of type FLOAT or DOUBLE, whose live array the updater writes to
     * @return a new updater
     */
    ParameterUpdater updaterFor(TrainableParameter parameter);

    /**
     * Makes the states for all parameters of one run, for rules in which one parameter has a say in the update of another.
     *
     * @param parameters the parameters
     * @return a new updater for each, in their order
     */
    default List<ParameterUpdater> updatersFor(List<TrainableParameter> parameters) {
        return parameters.stream().map(this::updaterFor).toList();
    }
}
