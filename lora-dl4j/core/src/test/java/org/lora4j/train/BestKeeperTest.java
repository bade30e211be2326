/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.checkpoint.CheckpointContent;

/** Evaluations within epochs may be the best ones; patience counts epochs. */
class BestKeeperTest {

    private static BestKeeper keeper() {
        return new BestKeeper(
                List.of(),
                Validation.higherIsBetter("accuracy", () -> 0),
                TrainingPlan.builder()
                        .epochs(9)
                        .earlyStopping(EarlyStopping.patience(2))
                        .build());
    }

    @Test
    void valueWithinAnEpoch_isTheBest_andItsEpochCountsAsBetter() {
        BestKeeper best = keeper();

        assertThat(best.add(0.5, 1)).isTrue();
        assertThat(best.addWithin(0.7, 2)).isTrue();
        assertThat(best.add(0.6, 2)).isFalse();

        assertThat(best.metric()).hasValue(0.7);
        assertThat(best.epoch()).hasValue(2);
        best.add(0.6, 3);
        assertThat(best.patienceIsOver()).as("one epoch brought nothing").isFalse();
        best.add(0.6, 4);
        assertThat(best.patienceIsOver()).isTrue();
    }

    @Test
    void worseValuesWithinEpochs_doNotUseUpPatience() {
        BestKeeper best = keeper();
        best.add(0.5, 1);

        for (int i = 0; i < 9; i++) {
            assertThat(best.addWithin(0.4, 2)).isFalse();
        }

        assertThat(best.patienceIsOver()).isFalse();
    }

    @Test
    void improvementWithinAnEpoch_isThereAfterACheckpoint() {
        BestKeeper before = keeper();
        before.add(0.5, 1);
        before.add(0.5, 2);
        before.addWithin(0.7, 3);
        CheckpointContent content = new CheckpointContent();
        before.save(content);

        BestKeeper after = keeper();
        after.load(content);
        after.add(0.6, 3);

        assertThat(after.patienceIsOver()).isFalse();
        assertThat(after.metric()).hasValue(0.7);
    }

    @Test
    void evaluateEvery_outOfItsRange_isRefused() {
        assertThatThrownBy(
                        () -> TrainingPlan.builder().epochs(1).evaluateEvery(0).build())
                .hasMessageContaining("evaluateEvery = 0, expected 1 or more");
        assertThat(TrainingPlan.builder().epochs(1).evaluateEvery(7).build().toBuilder()
                        .build()
                        .evaluateEvery())
                .hasValue(7);
    }
}
