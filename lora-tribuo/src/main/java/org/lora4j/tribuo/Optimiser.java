/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.function.BiFunction;
import org.lora4j.train.AdamOptimizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Optimizer;
import org.lora4j.train.SgdOptimizer;

/**
 * How gradients become updates.
 *
 * @apiNote Status: stable
 */
public enum Optimiser {
    /** Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101). */
    ADAMW((rate, decay) -> AdamW.of(rate).withWeightDecay(decay)),
    /** Adam (Kingma and Ba 2015, arXiv:1412.6980). */
    ADAM((rate, decay) -> AdamOptimizer.of(rate).withWeightDecay(decay)),
    /** Stochastic gradient descent without momentum. */
    SGD((rate, decay) -> SgdOptimizer.of(rate).withWeightDecay(decay)),
    /** Stochastic gradient descent with a momentum of 0.9. */
    MOMENTUM((rate, decay) -> SgdOptimizer.of(rate).withMomentum(0.9).withWeightDecay(decay));

    // Not methods of the constants: OLCUT does not read enums back whose constants have bodies.
    private final BiFunction<Double, Double, Optimizer> factory;

    Optimiser(BiFunction<Double, Double, Optimizer> factory) {
        this.factory = factory;
    }

    Optimizer of(double rate, double decay) {
        return factory.apply(rate, decay);
    }
}
