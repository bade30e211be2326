/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.error.Problems;

/**
 * How large gradients are made smaller before the update.
 *
 * @apiNote Status: stable
 */
public sealed interface GradientClipping {

    /**
     * Gradients as they are.
     *
     * @return the value
     */
    static GradientClipping none() {
        return new None();
    }

    /**
     * All gradients together times {@code maxNorm / (norm + 1e-6)} where that is below 1, {@code norm} being the Euclidean
     * norm of all of them, as {@code torch.nn.utils.clip_grad_norm_}.
     *
     * @param maxNorm finite, above 0
     * @return the value
     * @throws IllegalArgumentException if the number is outside of its range
     */
    static GradientClipping byGlobalNorm(double maxNorm) {
        return new ByGlobalNorm(maxNorm);
    }

    /**
     * Every element limited to {@code [-limit, limit]}, as {@code torch.nn.utils.clip_grad_value_}.
     *
     * @param limit finite, above 0
     * @return the value
     * @throws IllegalArgumentException if the number is outside of its range
     */
    static GradientClipping byValue(double limit) {
        return new ByValue(limit);
    }

    /**
     * See {@link GradientClipping#none()}.
     *
     * @apiNote Status: stable
     */
    record None() implements GradientClipping {}

    /**
     * See {@link GradientClipping#byGlobalNorm}.
     *
     * @param maxNorm finite, above 0
     * @apiNote Status: stable
     */
    record ByGlobalNorm(double maxNorm) implements GradientClipping {

        // PyTorch's: keeps the quotient finite.
        private static final double SMALL = 1e-6;

        /**
         * Checks the number.
         *
         * @param maxNorm finite, above 0
         * @throws IllegalArgumentException if it is outside of its range
         */
        public ByGlobalNorm {
            Problems problems = new Problems();
            problems.finiteAboveZero("maxNorm", maxNorm);
            problems.throwIfAny("GradientClipping");
        }

        /**
         * The factor on all gradients.
         *
         * @param norm their Euclidean norm, 0 or above
         * @return (0, 1]
         */
        public double factor(double norm) {
            return Math.min(1, maxNorm / (norm + SMALL));
        }
    }

    /**
     * See {@link GradientClipping#byValue}.
     *
     * @param limit finite, above 0
     * @apiNote Status: stable
     */
    record ByValue(double limit) implements GradientClipping {

        /**
         * Checks the number.
         *
         * @param limit finite, above 0
         * @throws IllegalArgumentException if it is outside of its range
         */
        public ByValue {
            Problems problems = new Problems();
            problems.finiteAboveZero("limit", limit);
            problems.throwIfAny("GradientClipping");
        }
    }
}
