/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.RankSuggestion.Trial;
import org.lora4j.advice.TrialHost.Subject;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.Validation;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.linalg.api.ndarray.INDArray;

class RankAdvisorTest {

    private static final double FLOAT = 1e-5;

    @AfterEach
    void forgetInterruption() {
        Thread.interrupted();
    }

    private static RankAdvisor.Builder advisor(Subject subject) {
        return advisor(subject, subject.training);
    }

    private static RankAdvisor.Builder advisor(Subject subject, Trainable training) {
        return RankAdvisor.builder(subject.model, training, TrialHost.config(4))
                .plan(TrialHost.plan(6).toBuilder().optimizer(AdamW.of(1e-2)).build())
                .batches(TrialHost.batches(10))
                .validation(subject.validation())
                .seed(8);
    }

    @ParameterizedTest
    @EnumSource
    void sensitivity_isTheMeanOfWeightTimesGradient(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();

        RankSensitivity found = advisor(subject).build().sensitivity(3);

        assertThat(subject.bytes()).isEqualTo(before);
        assertThat(found.modules()).extracting(RankSensitivity.Module::path).containsExactly("one", "two");
        assertThat(found.modules().stream()
                        .mapToDouble(RankSensitivity.Module::share)
                        .sum())
                .isCloseTo(1, within(FLOAT));
        // The same by the difference quotient of the loss: for the second layer, element by element.
        double expected = DifferenceQuotients.importance(host.subject(), "two", batchesOf(3));
        assertThat(found.modules().get(1).importance()).isCloseTo(expected, within(2e-2 * expected));
        for (RankSensitivity.Module module : found.modules()) {
            assertThat(module.rank()).isBetween(2, 12);
            assertThat(module.effectiveRank()).isBetween(1.0, (double) TrialHost.HIDDEN);
        }
        LoraConfig config = found.config().orElseThrow();
        assertThat(config.rankOf("one")).isEqualTo(found.modules().get(0).rank());
        assertThat(config.scalingOf("one")).isEqualTo(TrialHost.config(4).scalingOf("one"));
        assertThat(found.json()).contains("\"effectiveRank\"");
    }

    private static List<Batch> batchesOf(int count) {
        Iterator<Batch> epoch = TrialHost.batches(10).epoch(1, TrialHost.plan(1).seed());
        return Stream.generate(epoch::next).limit(count).toList();
    }

    @ParameterizedTest
    @EnumSource
    void sensitivity_whenGradientsAreZero_cannotBeSaid(TrialHost host) {
        Subject subject = host.subject();

        RankSensitivity found = advisor(subject, ChangedTraining.without(subject.training))
                .build()
                .sensitivity(2);

        assertThat(found.config()).isEmpty();
        assertThat(found.advice().answer()).isEqualTo(Answer.UNKNOWN);
    }

    @ParameterizedTest
    @EnumSource
    void sensitivity_whenTheLossIsNan_tellsTheBatchAndChangesNothing(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();

        assertThatThrownBy(() -> advisor(subject, ChangedTraining.nanAt(subject.training, 2))
                        .build()
                        .sensitivity(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the loss of batch 2 is NaN");

        assertThat(subject.bytes()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void trainAndReduce_findsTheSmallestRankThatKeepsTheMetric(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();

        RankSuggestion found = advisor(subject).tolerance(0.02).build().trainAndReduce(8);

        assertThat(subject.bytes()).isEqualTo(before);
        assertThat(found.trials())
                .extracting(Trial::what)
                .containsExactly("rank 8", "reduced to rank 4", "reduced to rank 2", "reduced to rank 1");
        assertThat(found.steps()).isEqualTo(60);
        double whole = found.trials().get(0).metric().orElseThrow();
        int smallest = 8;
        for (Trial trial : found.trials().subList(1, 4)) {
            if (trial.metric().orElseThrow() < whole - 0.02) {
                break;
            }
            smallest = trial.config().rank();
        }
        assertThat(found.config().orElseThrow().rank()).isEqualTo(smallest);
        assertThat(found.config().orElseThrow().scalingOf("one")).isEqualTo(2);
        assertThat(found.json()).contains("lost up to");
    }

    @ParameterizedTest
    @EnumSource
    void trainAndReduce_withATaskOfRankOne_findsIt(TrialHost host) {
        Subject subject = host.subject();

        // Any loss is kept.
        RankSuggestion found = advisor(subject).tolerance(1).build().trainAndReduce(4);

        assertThat(found.config().orElseThrow().rank()).isEqualTo(1);
        assertThat(found.advice().answer()).isEqualTo(Answer.GOOD);
    }

    @ParameterizedTest
    @EnumSource
    void halve_trainsTheBetterHalfOn(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();
        RankAdvisor advisor = advisor(subject).budget(96).build();

        RankSuggestion found = advisor.halve(advisor.ofRanks(1, 2, 4, 8));

        assertThat(subject.bytes()).isEqualTo(before);
        // 96 steps in two rungs: 4 times 12, 2 times 24.
        assertThat(found.trials()).extracting(Trial::steps).containsExactly(12L, 12L, 12L, 12L, 24L, 24L);
        assertThat(found.steps()).isEqualTo(96);
        List<Trial> first = found.trials().subList(0, 4);
        Set<String> better = first.stream()
                .sorted((a, b) ->
                        Double.compare(b.metric().orElseThrow(), a.metric().orElseThrow()))
                .limit(2)
                .map(Trial::what)
                .collect(Collectors.toSet());
        assertThat(found.trials().subList(4, 6)).extracting(Trial::what).containsExactlyInAnyOrderElementsOf(better);
        assertThat(found.config().orElseThrow().rank()).isIn(1, 2, 4, 8);
        assertThat(found.config().orElseThrow().scalingOf("two")).isEqualTo(2);
    }

    private static double counted(Trial trial) {
        return trial.metric().orElseThrow() * (trial.config().rank() == 4 ? 1.02 : 1);
    }

    @Test
    void halve_ofCandidatesThatAreAlike_keepsTheConfigAtHand() {
        Subject subject = TrialHost.SAME_DIFF.subject();
        double[] metrics = {0.79, 0.8, 0.81, 0.805, 0.8, 0.81};
        int[] count = {0};
        RankAdvisor advisor = advisor(subject)
                .validation(Validation.higherIsBetter("accuracy", () -> metrics[count[0]++]))
                .budget(80)
                .build();

        // First 0.79, 0.8, 0.81 * 1.02, 0.805: ranks 4 and 8 go on, in that order; 0.8 * 1.02 is more than 0.81.
        RankSuggestion found = advisor.halve(advisor.ofRanks(1, 2, 4, 8));

        assertThat(found.trials().subList(4, 6))
                .extracting(trial -> trial.config().rank())
                .containsExactly(4, 8);
        assertThat(found.config().orElseThrow()).isEqualTo(TrialHost.config(4));
    }

    @Test
    void halve_inTrainingsOfTheWholePlan_takesTheBetterOneAsItIs() {
        Subject subject = TrialHost.SAME_DIFF.subject();
        double[] metrics = {0.8, 0.81, 0.8, 0.8};
        int[] count = {0};
        RankAdvisor advisor = advisor(subject)
                .validation(Validation.higherIsBetter("accuracy", () -> metrics[count[0]++]))
                .budget(120)
                .build();

        // 60 planned steps for each: 0.81 is more than 0.8, and of equal ones rank 4 is at hand.
        assertThat(advisor.halve(advisor.ofRanks(4, 8)).config().orElseThrow().rank())
                .isEqualTo(8);
        assertThat(advisor.halve(advisor.ofRanks(2, 4)).config().orElseThrow().rank())
                .isEqualTo(4);
    }

    @ParameterizedTest
    @EnumSource
    void halve_inTrainingsOfTheWholePlan_givesWhatTrainingGives(TrialHost host) {
        Subject subject = host.subject();
        RankAdvisor advisor = advisor(subject).budget(120).build();
        RankSuggestion found = advisor.halve(advisor.ofRanks(4, 8));
        Subject other = host.subject();
        other.model.addAdapter("own", TrialHost.config(8), 8);
        other.model.activate("own");

        Trainer.builder(other.training)
                .plan(TrialHost.plan(6).toBuilder().optimizer(AdamW.of(1e-2)).build())
                .build()
                .train(TrialHost.batches(10));

        assertThat(other.validation().metric().getAsDouble())
                .isEqualTo(found.trials().get(1).metric().orElseThrow());
    }

    @Test
    void halve_overTargets_takesACacheWhereThereIsAFrozenPrefix() {
        Subject subject = TrialHost.SAME_DIFF.subject();
        RankAdvisor cached = advisor(subject)
                .budget(40)
                .cacheFrozenPrefix(PrefixCache.inMemory(1 << 20))
                .build();
        RankAdvisor plain = advisor(subject).budget(40).build();
        List<ModuleSelector> targets = List.of(ModuleSelector.suffixes("one"), ModuleSelector.suffixes("two"));

        RankSuggestion found = cached.halve(cached.of(targets, 2));

        assertThat(found.trials()).hasSize(2);
        List<Trial> withoutCache = plain.halve(plain.of(targets, 2)).trials();
        for (int i = 0; i < 2; i++) {
            assertThat(found.trials().get(i).metric().orElseThrow())
                    .isEqualTo(withoutCache.get(i).metric().orElseThrow());
        }
    }

    @ParameterizedTest
    @EnumSource
    void trials_thatDiverge_areOut(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();
        RankAdvisor advisor = advisor(subject, ChangedTraining.nanFrom(subject.training, 35))
                .budget(60)
                .build();

        // The first candidate has 30 sound steps; the second fails in its fifth, and so does whoever comes then.
        RankSuggestion found = advisor.halve(advisor.ofRanks(1, 2));

        assertThat(found.config().orElseThrow().rank()).isEqualTo(1);
        assertThat(found.trials().get(1).metric()).isEmpty();
        assertThat(found.trials().get(1).note()).contains("the loss is not finite");
        assertThat(subject.bytes()).isEqualTo(before);

        RankSuggestion none = advisor.halve(advisor.ofRanks(1, 2));
        assertThat(none.config()).isEmpty();
        assertThat(none.advice().sentence()).contains("no candidate came to the end of its training");
    }

    @ParameterizedTest
    @EnumSource
    void trials_whenOneThrows_leaveTheModelAsItWas(TrialHost host) {
        Subject subject = host.subject();
        subject.model.setTrainable("mine", false);
        subject.model.disable();
        Map<String, Object> before = subject.bytes();
        Validation broken = Validation.higherIsBetter("accuracy", () -> {
            throw new IllegalStateException("no disk");
        });
        RankAdvisor advisor = advisor(subject).validation(broken).build();

        assertThatThrownBy(() -> advisor.trainAndReduce(4)).hasMessage("no disk");
        assertThatThrownBy(() -> advisor.halve(advisor.ofRanks(1, 2))).hasMessage("no disk");
        assertThatThrownBy(() -> advisor.halve(List.of(
                        TrialHost.config(1),
                        LoraConfig.builder().targetModules("three").build())))
                .isInstanceOf(RuntimeException.class);

        assertThat(subject.bytes()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void trials_whenInterrupted_leaveTheModelAsItWasAndTheThreadInterrupted(TrialHost host) {
        Subject subject = host.subject();
        Map<String, Object> before = subject.bytes();
        Batches interrupting = (epoch, seed) -> {
            if (epoch == 2) {
                Thread.currentThread().interrupt();
            }
            return TrialHost.batches(10).epoch(epoch, seed);
        };
        RankAdvisor advisor =
                advisor(subject).batches(interrupting.withBatchesPerEpoch(10)).build();

        RankSuggestion reduced = advisor.trainAndReduce(4);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(reduced.config()).isEmpty();
        assertThat(reduced.advice().sentence()).isEqualTo("Cannot be said, because the thread was interrupted.");
        RankSuggestion halved = advisor.halve(advisor.ofRanks(1, 2));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(halved.config()).isEmpty();
        assertThat(subject.bytes()).isEqualTo(before);
    }

    @Test
    void halve_withFewSteps_cannotBeSaid() {
        RankAdvisor advisor = advisor(TrialHost.SAME_DIFF.subject()).budget(79).build();

        RankSuggestion found = advisor.halve(advisor.ofRanks(1, 2, 4, 8));

        assertThat(found.config()).isEmpty();
        assertThat(found.steps()).isZero();
        assertThat(found.advice().answer()).isEqualTo(Answer.UNKNOWN);
        assertThat(found.advice().sentence()).contains("79 steps leave 9 for each of 4 candidates");
    }

    @Test
    void trials_ofAMergedModel_areRefused() {
        Subject subject = TrialHost.SAME_DIFF.subject();
        RankAdvisor advisor = advisor(subject).build();
        subject.model.merge();

        assertThatThrownBy(() -> advisor.sensitivity(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"mine\" is merged")
                .hasMessageContaining("unmerge()");
    }

    @Test
    void build_withoutWhatItNeeds_tellsAllOfIt() {
        Subject subject = TrialHost.SAME_DIFF.subject();

        assertThatThrownBy(() -> RankAdvisor.builder(subject.model, subject.training, TrialHost.config(1))
                        .tolerance(-1)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("RankAdvisor: 4 problems")
                .hasMessageContaining("no validation, expected")
                .hasMessageContaining("tolerance = -1.0");
        Batches endless = (epoch, seed) -> TrialHost.batches(4).epoch(epoch, seed);
        assertThatThrownBy(() -> advisor(subject).batches(endless).build())
                .hasMessageContaining("the batches do not tell their number");
    }

    @Test
    void calls_withTooLittle_areRefused() {
        RankAdvisor advisor = advisor(TrialHost.SAME_DIFF.subject()).build();

        assertThatThrownBy(() -> advisor.sensitivity(0)).hasMessageContaining("batches = 0; expected 1");
        assertThatThrownBy(() -> advisor.trainAndReduce(1)).hasMessageContaining("from = 1; expected");
        assertThatThrownBy(() -> advisor.halve(advisor.ofRanks(4))).hasMessageContaining("1 candidates; expected two");
    }

    /** The mean of |w g| over a weight, g from differences of the loss. */
    private static final class DifferenceQuotients {

        static double importance(Subject subject, String module, List<Batch> batches) {
            subject.model.activate();
            subject.model.addAdapter(
                    "all", LoraConfig.builder().modulesToSave(module).build(), 0);
            subject.model.activate("all");
            INDArray weight = subject.training.trainableParameters().stream()
                    .filter(parameter -> parameter.value().rank() == 2)
                    .findFirst()
                    .orElseThrow()
                    .value();
            GraphExecutor executor = subject.training.executor();
            double step = 1e-2;
            double sum = 0;
            for (long i = 0; i < weight.rows(); i++) {
                for (long j = 0; j < weight.columns(); j++) {
                    double value = weight.getDouble(i, j);
                    weight.putScalar(i, j, value + step);
                    double up = loss(executor, batches);
                    weight.putScalar(i, j, value - step);
                    double down = loss(executor, batches);
                    weight.putScalar(i, j, value);
                    sum += Math.abs(value * (up - down) / (2 * step));
                }
            }
            return sum / weight.length();
        }

        private static double loss(GraphExecutor executor, List<Batch> batches) {
            return batches.stream()
                    .map(batch -> executor.gradients(batch.placeholders(), 0))
                    .mapToDouble(LossAndGradients::loss)
                    .average()
                    .orElseThrow();
        }
    }
}
