/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.lora4j.train.TrainableParameter.Kind;

class TrainingPlanTest {

    @Test
    void build_withoutLength_isRefused() {
        assertThatThrownBy(() -> TrainingPlan.builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("TrainingPlan: no length; expected epochs(n), steps(n) or both");
    }

    @Test
    void build_withBadValues_listsAllOfThem() {
        assertThatThrownBy(() -> TrainingPlan.builder()
                        .epochs(0)
                        .steps(-1)
                        .optimizer(null)
                        .accumulation(0)
                        .allowWithoutGradient("(")
                        .build())
                .hasMessage("TrainingPlan: 5 problems: epochs = 0, expected 1 or more; steps = -1, expected 1 or more;"
                        + " optimizer = null, expected one such as AdamW.of(2e-4); accumulation = 0, expected 1 or more;"
                        + " allowWithoutGradient(\"(\") is not a regular expression: Unclosed group near index 1");
    }

    @Test
    void equals_comparesAllValues() {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(3)
                .optimizer(AdamW.of(1e-3))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .clipping(GradientClipping.byGlobalNorm(1))
                .earlyStopping(EarlyStopping.patience(2))
                .build();

        assertThat(plan.toBuilder().build()).isEqualTo(plan).hasSameHashCodeAs(plan);
        assertThat(plan.toBuilder().seed(1).build()).isNotEqualTo(plan);
        assertThat(plan.toBuilder().clipping(GradientClipping.byGlobalNorm(2)).build())
                .isNotEqualTo(plan);
    }

    @Test
    void toString_showsWhatDiffersFromTheDefaults() {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(3)
                .seed(7)
                .group(ParameterGroup.ofKind(Kind.WEIGHT).withLearningRateFactor(0.1))
                .build();

        assertThat(plan)
                .hasToString(
                        "TrainingPlan[epochs=3, groups=[ParameterGroup[kind WEIGHT, learningRateFactor=0.1]], seed=7]");
    }

    @Test
    void earlyStopping_keepsTheBest() {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(3)
                .earlyStopping(EarlyStopping.patience(1))
                .build();

        assertThat(plan.keepBest()).isTrue();
    }

    @Test
    void group_withABadRate_namesTheGroup() {
        ParameterGroup group = ParameterGroup.matchingName("head.*");

        assertThatThrownBy(() -> group.withLearningRate(0))
                .hasMessage("parameter group \"name head.*\": learningRate = 0.0, expected a finite number above 0");
        assertThatThrownBy(() -> group.withLearningRateFactor(Double.NaN))
                .hasMessage(
                        "parameter group \"name head.*\": learningRateFactor = NaN, expected a finite number above 0");
        assertThatThrownBy(() -> group.withWeightDecay(-1))
                .hasMessage(
                        "parameter group \"name head.*\": weightDecay = -1.0, expected a finite number, 0 or above");
    }

    @Test
    void clipping_withABadLimit_isRefused() {
        assertThatThrownBy(() -> GradientClipping.byGlobalNorm(0))
                .hasMessage("GradientClipping: maxNorm = 0.0, expected a finite number above 0");
        assertThatThrownBy(() -> GradientClipping.byValue(Double.NaN))
                .hasMessage("GradientClipping: limit = NaN, expected a finite number above 0");
    }

    @Test
    void evaluation_withoutName_isRefused() {
        assertThatThrownBy(() -> Validation.higherIsBetter(" ", () -> 1))
                .hasMessage("Evaluation: name = \" \", expected a name for reports");
    }
}
