/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

/**
 * How the factor on B·A follows from alpha and rank.
 *
 * @apiNote Status: stable
 */
public enum Scaling {
    /** alpha / rank. Source: Hu et al. 2021, LoRA, arXiv 2106.09685, section 4.1. */
    STANDARD {
        @Override
        public double scaling(double alpha, int rank) {
            return alpha / rank;
        }
    },
    /** alpha / √rank. Source: Kalajdzievski 2023, rank-stabilized LoRA, arXiv 2312.03732. */
    RANK_STABILIZED {
        @Override
        public double scaling(double alpha, int rank) {
            return alpha / Math.sqrt(rank);
        }
    };

    /**
     * Computes the factor.
     *
     * @param alpha numerator of the scale
     * @param rank rank of the module, 1 or more
     * @return the factor on B·A
     */
    public abstract double scaling(double alpha, int rank);
}
