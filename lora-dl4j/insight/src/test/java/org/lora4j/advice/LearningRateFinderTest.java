/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.LearningRateSuggestion.Confirmation;
import org.lora4j.advice.LearningRateSuggestion.Point;
import org.lora4j.advice.TrialHost.Subject;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.EarlyStopping;
import org.lora4j.train.Nd4jOptimizer;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.nd4j.linalg.learning.config.AdaDelta;

class LearningRateFinderTest {

    @AfterEach
    void forgetInterruption() {
        Thread.interrupted();
    }

    private static LearningRateFinder.Builder finder(Subject subject) {
        return LearningRateFinder.builder(subject.training)
                .plan(TrialHost.plan(10))
                .batches(TrialHost.batches(10))
                .validation(subject.validation());
    }

    @ParameterizedTest
    @EnumSource
    void find_suggestsOneOfThreeRatesATenthBelowTheLowestLoss(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();

        LearningRateSuggestion found = finder(subject).build().find();

        double lowest = found.curve().stream()
                .reduce((a, b) -> b.smoothed() < a.smoothed() ? b : a)
                .map(Point::rate)
                .orElseThrow();
        assertThat(found.confirmations()).hasSize(3);
        assertThat(found.confirmations().get(1).rate() * 10 / lowest).isBetween(0.94, 1.06);
        assertThat(found.confirmations().get(2).rate()
                        / found.confirmations().get(0).rate())
                .isBetween(9.0, 11.0);
        assertThat(found.confirmations())
                .extracting(Confirmation::rate)
                .contains(found.rate().orElseThrow());
        // 100 planned steps, a fifth of them each time.
        assertThat(found.confirmations()).allMatch(one -> one.steps() == 20);
        assertThat(found.steps()).isEqualTo(found.curve().size() + 60);
        assertThat(subject.validations).isEqualTo(3);
        assertThat(found.advice().answer()).isIn(Answer.GOOD, Answer.CONSIDER);
        assertThat(found.json()).contains("\"confirmations\"").contains("\"curve\"");
        assertThat(subject.bytes()).isEqualTo(before);
    }

    /** A training that has the losses and metrics that a test wants. */
    private record Scripted(double[] losses, Map<Double, Double> metrics, boolean higherIsBetter)
            implements BriefTraining {

        @Override
        public Outcome run(BriefPlan plan, RunListener listener) {
            if (!plan.isRangeTest()) {
                Double metric = metrics.get(plan.rates().applyAsDouble(0));
                return metric == null ? Outcome.ended("diverged", 7) : Outcome.measured(metric, plan.steps());
            }
            for (int i = 0; i < losses.length; i++) {
                listener.onStep(new StepReport(
                        i + 1, 1, losses[i], 0, 1, 1, 1, 1, 1, OptionalLong.empty(), OptionalDouble.empty()));
            }
            return Outcome.ended(null, losses.length);
        }

        @Override
        public long plannedSteps() {
            return 0;
        }

        @Override
        public boolean isBetter(double metric, double than, double margin) {
            return higherIsBetter ? metric > than + margin : metric < than - margin;
        }
    }

    /** Of 41 steps from 1e-5 to 1e-1 the loss falls to the 31st, at 1e-2, and then rises twice as fast. */
    private static LearningRateSuggestion scripted(boolean higherIsBetter, Map<Double, Double> metrics) {
        double[] losses = new double[41];
        for (int i = 0; i < losses.length; i++) {
            losses[i] = i <= 30 ? 4 - 0.1 * i : 1 + (i - 30);
        }
        return new LearningRateFinder(new Scripted(losses, metrics, higherIsBetter), 1e-5, 1e-1, 41, 50, true).find();
    }

    @Test
    void find_onACurve_triesATenthOfTheLowestAndItsNeighbors() {
        LearningRateSuggestion found = scripted(true, Map.of(5e-4, 0.9, 1.6e-3, 0.9, 5e-3, 0.9));

        // The smoothed loss lags by some nine steps of 0.1, so it is about 1.9 at the lowest loss and turns when losses
        // are above.
        double turn = found.curve().stream()
                .min(Comparator.comparingDouble(Point::smoothed))
                .orElseThrow()
                .rate();
        assertThat(turn).isBetween(1e-2, 1.6e-2);
        assertThat(found.confirmations()).hasSize(3);
        assertThat(found.confirmations().get(1).rate()).isCloseTo(turn / 10, within(0.05 * turn / 10));
    }

    @Test
    void find_ofRatesThatAreAlike_takesTheMiddleOne() {
        List<Double> rates = scripted(true, Map.of()).confirmations().stream()
                .map(Confirmation::rate)
                .toList();

        // 0.9 * 1.02 = 0.918
        assertThat(suggested(true, rates, 0.9, 0.9, 0.915)).isEqualTo(rates.get(1));
        assertThat(suggested(true, rates, 0.9, 0.9, 0.92)).isEqualTo(rates.get(2));
        assertThat(suggested(true, rates, 0.93, 0.9, 0.92)).isEqualTo(rates.get(0));
        assertThat(suggested(true, rates, 0.91, 0.9, 0.92)).isEqualTo(rates.get(2));
        // A loss of 0.5 is clearly lower below 0.49.
        assertThat(suggested(false, rates, 0.495, 0.5, 0.6)).isEqualTo(rates.get(1));
        assertThat(suggested(false, rates, 0.48, 0.5, 0.6)).isEqualTo(rates.get(0));
    }

    private static double suggested(boolean higherIsBetter, List<Double> rates, double... metrics) {
        return scripted(
                        higherIsBetter,
                        Map.of(rates.get(0), metrics[0], rates.get(1), metrics[1], rates.get(2), metrics[2]))
                .rate()
                .orElseThrow();
    }

    @Test
    void find_whenTheMiddleOneFails_takesTheBestOfTheOthers() {
        List<Double> rates = scripted(true, Map.of()).confirmations().stream()
                .map(Confirmation::rate)
                .toList();

        LearningRateSuggestion found = scripted(true, Map.of(rates.get(0), 0.7));

        assertThat(found.rate().orElseThrow()).isEqualTo(rates.get(0));
        assertThat(found.advice().answer()).isEqualTo(Answer.CONSIDER);
        assertThat(found.advice().sentence()).contains("(failed)").contains("It is the lowest of the three");
        assertThat(found.steps()).isEqualTo(41 + 50 + 7 + 7);
        LearningRateSuggestion none = scripted(true, Map.of());
        assertThat(none.rate()).isEmpty();
        assertThat(none.advice().sentence()).contains("none of the short trainings came to its end: diverged");
    }

    @ParameterizedTest
    @EnumSource
    void find_twice_givesTheSame(TrialHost host) {
        assertThat(finder(host.subject()).build().find())
                .isEqualTo(finder(host.subject()).build().find());
    }

    @ParameterizedTest
    @EnumSource
    void find_whenTheValidationThrows_putsEverythingBack(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();
        Validation broken = Validation.higherIsBetter("accuracy", () -> {
            throw new IllegalStateException("no disk");
        });

        assertThatThrownBy(() -> finder(subject).validation(broken).build().find())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no disk");

        assertThat(subject.bytes()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void find_whenInterrupted_putsEverythingBackAndStaysInterrupted(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();
        Batches interrupting = (epoch, seed) -> {
            Iterator<Batch> batches = TrialHost.batches(10).epoch(epoch, seed);
            if (epoch == 4) {
                Thread.currentThread().interrupt();
            }
            return batches;
        };

        LearningRateSuggestion found = finder(subject)
                .batches(interrupting.withBatchesPerEpoch(10))
                .build()
                .find();

        assertThat(Thread.interrupted()).isTrue();
        assertThat(found.rate()).isEmpty();
        assertThat(found.advice().answer()).isEqualTo(Answer.UNKNOWN);
        assertThat(found.advice().sentence()).isEqualTo("Cannot be said, because the thread was interrupted.");
        assertThat(subject.bytes()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void find_whenTheLossOfTheRangeTestIsNan_takesItAsTheUpperEnd(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();

        LearningRateSuggestion found = LearningRateFinder.builder(ChangedTraining.nanAt(subject.training, 70))
                .plan(TrialHost.plan(10))
                .batches(TrialHost.batches(10))
                .validation(subject.validation())
                .build()
                .find();

        assertThat(found.curve()).hasSize(69);
        assertThat(found.rate()).isPresent();
        assertThat(subject.bytes()).isEqualTo(before);
    }

    @Test
    void find_whenTheLossIsNanAfterAFewSteps_cannotSay() {
        Subject subject = TrialHost.SAME_DIFF.subject();

        LearningRateSuggestion found = LearningRateFinder.builder(ChangedTraining.nanAt(subject.training, 5))
                .plan(TrialHost.plan(10))
                .batches(TrialHost.batches(10))
                .validation(subject.validation())
                .build()
                .find();

        assertThat(found.rate()).isEmpty();
        assertThat(found.confirmations()).isEmpty();
        assertThat(found.advice().sentence())
                .contains("the range test ended after 4 steps")
                .contains("expected 20");
    }

    @Test
    void find_withOneBatch_cannotSay() {
        LearningRateSuggestion found = finder(TrialHost.SAME_DIFF.subject())
                .batches(TrialHost.batches(1))
                .build()
                .find();

        assertThat(found.rate()).isEmpty();
        assertThat(found.advice().answer()).isEqualTo(Answer.UNKNOWN);
        assertThat(found.advice().sentence()).contains("an epoch has 1 steps").contains("learned by heart");
        assertThat(found.advice().evidence()).isEmpty();
    }

    @Test
    void find_whenNothingCanBeLearned_cannotSay() {
        Subject subject = TrialHost.SAME_DIFF.subject();
        List<Batch> rising = new ArrayList<>();
        TrialHost.batches(120).epoch(1, 1).forEachRemaining(rising::add);

        LearningRateSuggestion found = LearningRateFinder.builder(ChangedTraining.rising(subject.training))
                .plan(TrialHost.plan(1))
                .batches(Batches.inOrder(rising))
                .validation(subject.validation())
                .build()
                .find();

        assertThat(found.rate()).isEmpty();
        assertThat(found.advice().sentence()).contains("the loss did not fall at any rate");
    }

    @Test
    void find_leavesOutWhatThePlanHasBetweenEpochs() {
        Subject subject = TrialHost.SAME_DIFF.subject();
        TrainingPlan plan = TrialHost.plan(10).toBuilder()
                .earlyStopping(EarlyStopping.patience(1))
                .build();

        assertThat(finder(subject).plan(plan).build().find().rate()).isPresent();
        assertThat(subject.validations).isEqualTo(3);
    }

    @Test
    void build_withoutWhatItNeeds_tellsAllOfIt() {
        LearningRateFinder.Builder nothing = LearningRateFinder.builder(TrialHost.SAME_DIFF.subject().training)
                .range(1, 0.1, 3);

        assertThatThrownBy(nothing::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("LearningRateFinder: 5 problems")
                .hasMessageContaining("no plan, expected")
                .hasMessageContaining("no batches, expected")
                .hasMessageContaining("no validation, expected")
                .hasMessageContaining("highest rate = 0.1, expected more than the lowest, 1.0")
                .hasMessageContaining("steps of the range test = 3");
        Subject subject = TrialHost.SAME_DIFF.subject();
        TrainingPlan without = TrainingPlan.builder()
                .epochs(1)
                .optimizer(Nd4jOptimizer.of(new AdaDelta()))
                .build();
        assertThatThrownBy(() -> finder(subject).plan(without).build())
                .hasMessageContaining("the plan's optimizer has no learning rate");
    }

    @Test
    void find_ofAModelThatLearnsNothing_failsAsTrainingWould() {
        Subject subject = TrialHost.SAME_DIFF.subject();

        assertThatThrownBy(() -> LearningRateFinder.builder(ChangedTraining.without(subject.training))
                        .plan(TrialHost.plan(10))
                        .batches(TrialHost.batches(10))
                        .validation(subject.validation())
                        .build()
                        .find())
                .isInstanceOf(TrainingFailedException.class);
    }
}
