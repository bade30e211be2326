/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.AdaBeliefUpdater;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * Any updater of ND4J, with its own learning rate and schedule. The schedule of the plan and the rates of groups multiply or
 * replace that rate. Slower than the optimizers of this package.
 *
 * <p>Note that ND4J's Adam adds epsilon before the correction of the bias and so differs slightly from {@link AdamOptimizer}.
 *
 * @apiNote Status: experimental
 */
public final class Nd4jOptimizer implements Optimizer {

    /** A schedule may well begin at 0, but one that is 0 at all of these never learns. */
    private static final List<Integer> PROBES = List.of(0, 1, 10, 100, 1000);

    private final IUpdater updater;
    private final double weightDecay;

    private Nd4jOptimizer(IUpdater updater, double weightDecay) {
        this.updater = updater.clone();
        this.weightDecay = weightDecay;
    }

    /**
     * Wraps an updater, without weight decay.
     *
     * @param updater the updater; copied, so that a run does not change it
     * @return the optimizer
     * @throws IllegalArgumentException if it is a {@link NoOp}, its rate at the start is not a finite
     *     number, 0 or above, or it stays 0
     */
    public static Nd4jOptimizer of(IUpdater updater) {
        Problems problems = new Problems();
        problems.check(
                !(updater instanceof NoOp), "the updater is NoOp, which changes nothing; expected one that learns");
        if (updater.hasLearningRate()) {
            problems.finiteFromZero("learningRate", updater.getLearningRate(0, 0));
            problems.check(
                    PROBES.stream().anyMatch(at -> updater.getLearningRate(at, at) != 0),
                    "the learning rate is 0 at the iterations and epochs " + PROBES + ", expected one above 0");
        }
        problems.throwIfAny("Nd4jOptimizer");
        return new Nd4jOptimizer(updater, 0);
    }

    /**
     * The same with decoupled weight decay: {@code p = p (1 - learningRate weightDecay)} before the step.
     *
     * @param newWeightDecay finite, 0 or above
     * @return the optimizer
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public Nd4jOptimizer withWeightDecay(double newWeightDecay) {
        Problems problems = new Problems();
        problems.finiteFromZero("weightDecay", newWeightDecay);
        problems.throwIfAny("Nd4jOptimizer");
        return new Nd4jOptimizer(updater, newWeightDecay);
    }

    @Override
    public double learningRate(long step, int epoch) {
        return hasLearningRate() ? updater.getLearningRate(Math.toIntExact(step), epoch - 1) : 1;
    }

    @Override
    public boolean hasLearningRate() {
        return updater.hasLearningRate();
    }

    @Override
    public double weightDecay() {
        return weightDecay;
    }

    @Override
    public ParameterUpdater updaterFor(TrainableParameter parameter) {
        return new Updater(parameter, updater.clone());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Nd4jOptimizer that && updater.equals(that.updater) && weightDecay == that.weightDecay;
    }

    @Override
    public int hashCode() {
        return 31 * updater.hashCode() + Double.hashCode(weightDecay);
    }

    @Override
    public String toString() {
        return "Nd4jOptimizer[" + updater + ", weightDecay=" + weightDecay + "]";
    }

    /** One parameter as a row: some updaters of ND4J take their state only as a row vector. */
    private static final class Updater implements ParameterUpdater {
        private final TrainableParameter parameter;
        private final IUpdater config;
        private final GradientUpdater<?> rule;
        private final INDArray state;
        private long updates;

        Updater(TrainableParameter parameter, IUpdater config) {
            this.parameter = parameter;
            this.config = config;
            INDArray value = parameter.value();
            long size = config.stateSize(value.length());
            this.state = size == 0 ? null : Nd4j.zeros(value.dataType(), 1, size);
            this.rule = start(config, state, value.length());
        }

        private static GradientUpdater<?> start(IUpdater config, INDArray state, long length) {
            if (config instanceof AdaBelief) {
                // Its instantiate(INDArray, boolean) of M2.1 reads the second axis of a vector and throws.
                INDArray flat = state.reshape(state.length());
                INDArray m = flat.get(NDArrayIndex.interval(0, length)).reshape(1, length);
                INDArray s = flat.get(NDArrayIndex.interval(length, 2 * length)).reshape(1, length);
                return config.instantiate(Map.of(AdaBeliefUpdater.M_STATE, m, AdaBeliefUpdater.S_STATE, s), true);
            }
            GradientUpdater<?> rule = config.instantiate(state, true);
            if (state != null) {
                rule.setStateViewArray(state, new long[] {1, length}, 'c', true);
            }
            return rule;
        }

        @Override
        public void update(INDArray gradient, UpdateStep step) {
            INDArray value = parameter.value();
            INDArray change = Nd4j.createUninitialized(value.dataType(), new long[] {1, value.length()}, 'c');
            INDArray shaped = change.reshape('c', value.shape());
            shaped.assign(gradient);
            if (step.gradientScale() != 1) {
                shaped.muli(step.gradientScale());
            }
            if (config.hasLearningRate()) {
                config.setLrAndSchedule(step.learningRate(), null);
            }
            rule.applyUpdater(change, Math.toIntExact(step.step()), step.epoch() - 1);
            if (step.weightDecay() != 0) {
                value.muli(1 - step.learningRate() * step.weightDecay());
            }
            value.subi(shaped);
            change.close();
            updates++;
        }

        @Override
        public OptimizerState state() {
            Map<String, INDArray> arrays = new LinkedHashMap<>();
            if (state != null) {
                arrays.put("state", state.dup());
            }
            return new OptimizerState(updates, arrays);
        }

        @Override
        public void restore(OptimizerState from) {
            INDArray array = from.arrays().get("state");
            boolean fits = state == null
                    ? from.arrays().isEmpty()
                    : from.arrays().size() == 1 && array != null && Arrays.equals(array.shape(), state.shape());
            Problems problems = new Problems();
            problems.check(
                    fits,
                    "found the arrays " + from.arrays().keySet() + ", expected "
                            + (state == null ? "none" : "\"state\" of shape " + Arrays.toString(state.shape()))
                            + ". The state was saved from another optimizer: use that one");
            problems.throwIfAny("optimizer state of parameter \"" + parameter.name() + "\"");
            if (state != null) {
                state.assign(array);
            }
            updates = from.updates();
        }
    }
}
