/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.train.AdamW;

/** What a user would do who has a quarter of the time that a search of all rates and ranks takes. */
final class Suggesting {

    private static final String TRIAL = "trial";
    /** The rank at which the rate is looked for. */
    private static final int RANK = 8;

    /** Another rank to train with by the whole plan, beside that one. */
    private static final int HIGH = 4 * RANK;

    private Suggesting() {}

    /** A rate by range test and confirmations, then the better of two ranks, each trained by the whole plan. */
    static ProofSuggestion of(Task task) {
        LearningRateSuggestion rate = rate(task);
        double found = rate.rate().orElseThrow(() -> new IllegalStateException(task.name() + ": " + rate));
        RankAdvisor ranks = RankAdvisor.builder(
                        task.model(), task.training(), task.config().apply(RANK))
                .plan(task.plan().toBuilder().optimizer(AdamW.of(found)).build())
                .batches(task.batches())
                .validation(task.validation())
                .seed(task.seed())
                .budget(2 * task.steps())
                .build();
        RankSuggestion rank = ranks.halve(ranks.ofRanks(RANK, HIGH));
        int chosen = rank.config()
                .orElseThrow(() -> new IllegalStateException(task.name() + ": " + rank))
                .rank();
        return new ProofSuggestion(
                task.name(),
                task.seed(),
                found,
                chosen,
                rank.trials().stream()
                        .filter(one -> one.config().rank() == chosen)
                        .findFirst()
                        .orElseThrow()
                        .metric()
                        .orElseThrow(),
                rate.steps(),
                rank.steps(),
                rate + " " + rank);
    }

    private static LearningRateSuggestion rate(Task task) {
        task.model().addAdapter(TRIAL, task.config().apply(RANK), task.seed());
        task.model().activate(TRIAL);
        try {
            return LearningRateFinder.builder(task.training())
                    .plan(task.plan())
                    .batches(task.batches())
                    .validation(task.validation())
                    .build()
                    .find();
        } finally {
            task.model().activate();
            task.model().removeAdapter(TRIAL);
        }
    }
}
