/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.List;
import java.util.function.LongToDoubleFunction;
import org.lora4j.train.Optimizer;
import org.lora4j.train.ParameterUpdater;
import org.lora4j.train.TrainableParameter;

/**
 * An optimizer with other learning rates. Groups of a plan that have a rate of their own keep it, and those with a factor
 * follow.
 *
 * @param of what computes the updates
 * @param rates the rate of each step, from 0
 */
record RatedOptimizer(Optimizer of, LongToDoubleFunction rates) implements Optimizer {

    @Override
    public double learningRate(long step, int epoch) {
        return rates.applyAsDouble(step);
    }

    @Override
    public double weightDecay() {
        return of.weightDecay();
    }

    @Override
    public ParameterUpdater updaterFor(TrainableParameter parameter) {
        return of.updaterFor(parameter);
    }

    @Override
    public List<ParameterUpdater> updatersFor(List<TrainableParameter> parameters) {
        return of.updatersFor(parameters);
    }
}
