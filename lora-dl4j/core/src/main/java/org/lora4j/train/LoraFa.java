/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;

/**
 * LoRA-FA: A stays as it started, and B takes the steps that come nearest to those of full fine-tuning, as PEFT's {@code
 * create_lorafa_optimizer} does it. The gradient of B becomes {@code g (A A^T + 1e-8 I)^+ / scaling^2}; on that works Adam with
 * epsilon added to the root before its correction, and with the decay {@code p = p (1 - learningRate weightDecay)} after the
 * step. Trained biases and modules take such steps with their own gradient.
 *
 * <p>For SameDiff graphs. A keeps no state, and is never written to; a fresh adapter has to have an A that is not zero, which
 * all start values but those of embeddings have.
 *
 * <p>Source: Zhang et al. 2023, LoRA-FA: Memory-efficient low-rank adaptation for large language models fine-tuning, arXiv
 * 2308.03303; the factor on the gradient: Wang et al. 2024, LoRA-Pro, arXiv 2407.18242, with A fixed.
 *
 * @param learningRate finite, above 0
 * @param beta1 decay of the mean of the gradients, [0, 1)
 * @param beta2 decay of the mean of their squares, [0, 1)
 * @param epsilon finite, above 0
 * @param weightDecay finite, 0 or above
 * @apiNote Status: experimental
 */
public record LoraFa(double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
        implements Optimizer {

    private static final String A = ".lora_A.";

    private static final String B = ".lora_B.";

    /**
     * Checks the numbers.
     *
     * @param learningRate finite, above 0
     * @param beta1 decay of the mean of the gradients, [0, 1)
     * @param beta2 decay of the mean of their squares, [0, 1)
     * @param epsilon finite, above 0
     * @param weightDecay finite, 0 or above
     * @throws IllegalArgumentException if a number is outside of its range; the message lists all of them
     */
    public LoraFa {
        AdamOptimizer.check("LoraFa", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /**
     * With the defaults of PEFT: betas 0.9 and 0.999, epsilon 1e-6, no weight decay.
     *
     * @param learningRate as in the record
     * @return the optimizer
     * @throws IllegalArgumentException if a number is outside of its range
     */
    public static LoraFa of(double learningRate) {
        return new LoraFa(learningRate, 0.9, 0.999, 1e-6, 0);
    }

    /**
     * The same with another weight decay.
     *
     * @param newWeightDecay as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public LoraFa withWeightDecay(double newWeightDecay) {
        return new LoraFa(learningRate, beta1, beta2, epsilon, newWeightDecay);
    }

    @Override
    public double learningRate(long step, int epoch) {
        return learningRate;
    }

    @Override
    public ParameterUpdater updaterFor(TrainableParameter parameter) {
        return updatersFor(List.of(parameter)).get(0);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if a B comes without its A, or the two have no rank in common, as those of a
     *     convolution in groups; the message lists all of them
     */
    @Override
    public List<ParameterUpdater> updatersFor(List<TrainableParameter> parameters) {
        Map<String, TrainableParameter> byName = new HashMap<>();
        parameters.forEach(parameter -> byName.put(parameter.name(), parameter));
        Problems problems = new Problems();
        List<ParameterUpdater> updaters = new ArrayList<>();
        for (TrainableParameter parameter : parameters) {
            ParameterUpdater plain =
                    new BlockUpdater(parameter, new AdamRule(parameter, beta1, beta2, epsilon, AdamRule.Decay.AFTER));
            if (isFactor(parameter, A)) {
                updaters.add(new FixedUpdater());
            } else if (isFactor(parameter, B)) {
                TrainableParameter a = byName.get(parameter.name().replace(B, A));
                problems.finiteAboveZero(
                        "scaling of \"" + parameter.name() + "\"",
                        parameter.lowRank().orElseThrow().scaling());
                problems.check(
                        a != null && isFactor(a, A) && rank(a) == rank(parameter),
                        "parameter \"" + parameter.name() + "\" has "
                                + (a == null ? "no A beside it" : "another rank than its A \"" + a.name() + "\"")
                                + ", expected A and B of one rank. Train groups of channels with another optimizer");
                updaters.add(new ProjectedUpdater(plain, a, parameter));
            } else {
                updaters.add(plain);
            }
        }
        problems.throwIfAny("LoraFa");
        return updaters;
    }

    private static boolean isFactor(TrainableParameter parameter, String letter) {
        return parameter.lowRank().isPresent() && parameter.name().contains(letter);
    }

    private static long rank(TrainableParameter factor) {
        return factor.value().size(factor.lowRank().orElseThrow().rankAxis());
    }
}
