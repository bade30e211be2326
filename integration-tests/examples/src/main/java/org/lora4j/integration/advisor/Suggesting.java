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

    /** That rank, which is kept unless another is clearly better, with its half, twice and four times it. */
    private static final int[] RANKS = {RANK / 2, RANK, 2 * RANK, 4 * RANK};

    private Suggesting() {}

    /** A rate by range test and confirmations, then a rank by successive halving. */
    static ProofSuggestion of(Task task) {
        LearningRateSuggestion rate = rate(task);
        double found = rate.rate().orElseThrow(() -> new IllegalStateException(task.name() + ": " + rate));
        RankAdvisor ranks = RankAdvisor.builder(
                        task.model(), task.training(), task.config().apply(RANK))
                .plan(task.plan().toBuilder().optimizer(AdamW.of(found)).build())
                .batches(task.batches())
                .validation(task.validation())
                .seed(task.seed())
                .build();
        RankSuggestion rank = ranks.halve(ranks.ofRanks(RANKS));
        return new ProofSuggestion(
                task.name(),
                task.seed(),
                found,
                rank.config()
                        .orElseThrow(() -> new IllegalStateException(task.name() + ": " + rank))
                        .rank(),
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
