/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.List;

/**
 * LoRA as KaSA: the base gives up the smallest singular values of a weight, as many as the rank, and the update has a trained
 * diagonal between A and B (PEFT: {@code kasa_config}). Both numbers are weights of penalties, which {@code train.Trainer} adds
 * to the loss and DL4J's own {@code fit} does not; PEFT leaves it to whoever trains to add them. With 0 there is none.
 *
 * <p>Source: Wang et al. 2024, KaSA: Knowledge-Aware Singular-Value Adaptation of Large Language Models, arXiv 2412.06071.
 *
 * @param beta weight of the sum of squares of the diagonal, 0 or more
 * @param gamma weight of how far A and B are from orthonormal, 0 or more
 * @apiNote Status: stable
 */
public record KasaOptions(double beta, double gamma) {

    /** PEFT's defaults. */
    public KasaOptions() {
        this(1e-4, 1e-3);
    }

    /**
     * Whether anything is added to the loss.
     *
     * @return false if both weights are 0
     */
    public boolean hasPenalties() {
        return beta != 0 || gamma != 0;
    }

    List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (!(beta >= 0 && Double.isFinite(beta))) {
            problems.add("beta = " + beta + ", expected a finite number, 0 or more");
        }
        if (!(gamma >= 0 && Double.isFinite(gamma))) {
            problems.add("gamma = " + gamma + ", expected a finite number, 0 or more");
        }
        return problems;
    }
}
