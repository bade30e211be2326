/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import org.lora4j.error.Problems;

/**
 * Stochastic gradient descent with momentum, equal to {@code torch.optim.SGD} without dampening: {@code g = g + weightDecay
 * p}, {@code v = momentum v + g}, {@code p = p - learningRate v}, or with Nesterov's form {@code p = p - learningRate (g +
 * momentum v)}. The rate is outside of the velocity, so a schedule acts at once.
 *
 * @param learningRate finite, above 0
 * @param momentum [0, 1); 0 for none, which needs no state
 * @param nesterov whether to look ahead; needs a momentum above 0
 * @param weightDecay finite, 0 or above; added to the gradient
 * @apiNote Status: stable
 */
public record SgdOptimizer(double learningRate, double momentum, boolean nesterov, double weightDecay)
        implements Optimizer {

    /**
     * Checks the numbers.
     *
     * @param learningRate finite, above 0
     * @param momentum [0, 1); 0 for none, which needs no state
     * @param nesterov whether to look ahead; needs a momentum above 0
     * @param weightDecay finite, 0 or above; added to the gradient
     * @throws IllegalArgumentException if a number is outside of its range or {@code nesterov} comes without momentum; the
     *     message lists all problems
     */
    public SgdOptimizer {
        Problems problems = new Problems();
        problems.finiteAboveZero("learningRate", learningRate);
        problems.fraction("momentum", momentum);
        problems.check(!nesterov || momentum > 0, "nesterov with momentum = " + momentum + ", expected one above 0");
        problems.finiteFromZero("weightDecay", weightDecay);
        problems.throwIfAny("Sgd");
    }

    /**
     * Without momentum and weight decay.
     *
     * @param learningRate as in the record
     * @return the optimizer
     * @throws IllegalArgumentException if the rate is outside of its range
     */
    public static SgdOptimizer of(double learningRate) {
        return new SgdOptimizer(learningRate, 0, false, 0);
    }

    /**
     * The same with another momentum.
     *
     * @param newMomentum as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public SgdOptimizer withMomentum(double newMomentum) {
        return new SgdOptimizer(learningRate, newMomentum, nesterov, weightDecay);
    }

    /**
     * The same with Nesterov's momentum.
     *
     * @param newMomentum as in the record, above 0
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public SgdOptimizer withNesterovMomentum(double newMomentum) {
        return new SgdOptimizer(learningRate, newMomentum, true, weightDecay);
    }

    /**
     * The same with another weight decay.
     *
     * @param newWeightDecay as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public SgdOptimizer withWeightDecay(double newWeightDecay) {
        return new SgdOptimizer(learningRate, momentum, nesterov, newWeightDecay);
    }

    @Override
    public double learningRate(long step, int epoch) {
        return learningRate;
    }

    @Override
    public ParameterUpdater updaterFor(TrainableParameter parameter) {
        return new BlockUpdater(parameter, new Rule(parameter, momentum, nesterov));
    }

    /** The arithmetic above. The velocity starts at 0, so the first one is the gradient, as in PyTorch. */
    private static final class Rule implements BlockRule {
        private final double momentum;
        private final boolean nesterov;
        private final StateArray velocity;
        private double rate;
        private double decay;

        Rule(TrainableParameter parameter, double momentum, boolean nesterov) {
            this.momentum = momentum;
            this.nesterov = nesterov;
            this.velocity = momentum == 0 ? null : new StateArray("v", parameter.value());
        }

        @Override
        public List<StateArray> state() {
            return velocity == null ? List.of() : List.of(velocity);
        }

        @Override
        public void begin(UpdateStep step, long update) {
            rate = step.learningRate();
            decay = step.weightDecay();
        }

        @Override
        public void apply(int block, float[] p, float[] g, int n) {
            if (decay != 0) {
                Loops.addScaled(g, p, (float) decay, n);
            }
            float[] direction = g;
            if (velocity != null) {
                float[] v = velocity.floats(block);
                Loops.scale(v, (float) momentum, n);
                Loops.addScaled(v, g, 1, n);
                if (nesterov) {
                    Loops.addScaled(g, v, (float) momentum, n);
                } else {
                    direction = v;
                }
            }
            Loops.addScaled(p, direction, (float) -rate, n);
        }

        @Override
        public void apply(int block, double[] p, double[] g, int n) {
            if (decay != 0) {
                Loops.addScaled(g, p, decay, n);
            }
            double[] direction = g;
            if (velocity != null) {
                double[] v = velocity.doubles(block);
                Loops.scale(v, momentum, n);
                Loops.addScaled(v, g, 1, n);
                if (nesterov) {
                    Loops.addScaled(g, v, momentum, n);
                } else {
                    direction = v;
                }
            }
            Loops.addScaled(p, direction, -rate, n);
        }
    }
}
