/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.List;

/**
 * Successive halving: each rung trains the candidates that are left equally long, and the better half goes on to the next (Jamieson,
 * Talwalkar 2016, Non-stochastic best arm identification and hyperparameter optimization, arXiv 1502.07943, algorithm 1). The
 * budget is shared equally among the rungs.
 */
final class Bracket {

    /**
     * A rung.
     *
     * @param candidates how many are trained
     * @param steps how long each
     */
    record Rung(int candidates, long steps) {}

    private Bracket() {}

    /**
     * The rungs for a number of candidates, until one is left.
     *
     * @param candidates 2 or more
     * @param budget steps of all trainings together
     * @return at least one rung; a half of an odd number is rounded up
     */
    static List<Rung> of(int candidates, long budget) {
        List<Integer> counts = new ArrayList<>();
        for (int left = candidates; left > 1; left = (left + 1) / 2) {
            counts.add(left);
        }
        return counts.stream()
                .map(count -> new Rung(count, Math.max(1, budget / counts.size() / count)))
                .toList();
    }
}
