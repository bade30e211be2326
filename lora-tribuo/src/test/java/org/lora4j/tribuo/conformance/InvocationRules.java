/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.tribuo.conformance.Task.TrainTest;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.provenance.TrainerProvenance;

/**
 * A trainer counts its trainings, and a count is all that is needed to have any of them again.
 *
 * @param <T> the type of output
 */
interface InvocationRules<T extends Output<T>> extends Subject<T> {

    @Test
    default void invocationCount_startsAtZeroAndCountsEveryTraining() {
        Trainer<T> trainer = trainer();
        Dataset<T> train = task().dense().train();
        assertThat(trainer.getInvocationCount()).isZero();

        trainer.train(train);
        trainer.train(train, Map.of());
        trainer.train(train, Map.of(), Trainer.INCREMENT_INVOCATION_COUNT);

        assertThat(trainer.getInvocationCount()).isEqualTo(3);
    }

    @Test
    default void invocationCount_whenATrainingIsRejected_staysAsItWas() {
        Trainer<T> trainer = trainer();
        MutableDataset<T> train = Examples.of(task(), task().dense().train());
        train.add(Examples.withOutput(train.getExample(0), task().factory().getUnknownOutput()));

        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> trainer.train(train));

        assertThat(trainer.getInvocationCount()).isZero();
    }

    @Test
    default void setInvocationCount_isWhatTheTrainerCountsFrom() {
        Trainer<T> trainer = trainer();

        trainer.setInvocationCount(5);
        assertThat(trainer.getInvocationCount()).isEqualTo(5);
        trainer.setInvocationCount(2);
        assertThat(trainer.getInvocationCount()).isEqualTo(2);
        trainer.train(task().dense().train());

        assertThat(trainer.getInvocationCount()).isEqualTo(3);
    }

    @Test
    default void setInvocationCount_whenNegative_isRejectedAndChangesNothing() {
        Trainer<T> trainer = trainer();
        trainer.setInvocationCount(2);

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> trainer.setInvocationCount(-1))
                .satisfies(refusal -> assertThat(refusal.getMessage()).isNotBlank());

        assertThat(trainer.getInvocationCount()).isEqualTo(2);
    }

    @Test
    default void setInvocationCount_thenTrain_repeatsTheTrainingOfThatCount() {
        TrainTest<T> dense = task().dense();
        List<Answers> inTurn = answersInTurn(trainer(), dense, 3);
        Trainer<T> trainer = trainer();

        for (int count : new int[] {2, 0, 1}) {
            trainer.setInvocationCount(count);
            assertThat(answers(trainer.train(dense.train()), dense.test())).isEqualTo(inTurn.get(count));
        }
    }

    @Test
    default void train_withInvocationCount_repeatsTheTrainingOfThatCountAndGoesOnFromIt() {
        TrainTest<T> dense = task().dense();
        List<Answers> inTurn = answersInTurn(trainer(), dense, 4);
        Trainer<T> trainer = trainer();

        Model<T> third = trainer.train(dense.train(), Map.of(), 2);
        Model<T> fourth = trainer.train(dense.train());

        assertThat(answers(third, dense.test())).isEqualTo(inTurn.get(2));
        assertThat(answers(fourth, dense.test())).isEqualTo(inTurn.get(3));
        assertThat(trainer.getInvocationCount()).isEqualTo(4);
    }

    @Test
    default void train_again_givesAnotherModelAndLeavesTheFirst() {
        TrainTest<T> dense = task().dense();
        Trainer<T> trainer = trainer();
        Model<T> first = trainer.train(dense.train());
        Answers before = answers(first, dense.test());

        Model<T> second = trainer.train(dense.train());

        assertThat(answers(second, dense.test())).isNotEqualTo(before);
        assertThat(answers(first, dense.test())).isEqualTo(before);
    }

    @Test
    default void train_afterOtherExamples_equalsTheSameTrainingAfterThese() {
        TrainTest<T> dense = task().dense();
        Trainer<T> trainer = trainer();

        trainer.train(task().sparse().train());
        Model<T> second = trainer.train(dense.train());

        assertThat(answers(second, dense.test()))
                .isEqualTo(answersInTurn(trainer(), dense, 2).get(1));
    }

    @Test
    default void train_fromEightThreads_equalsTheTrainingsInTurn() throws Exception {
        TrainTest<T> dense = task().dense();
        List<Answers> inTurn = answersInTurn(trainer(), dense, Together.THREADS);
        Trainer<T> shared = trainer();

        List<Model<T>> models = Together.call(() -> shared.train(dense.train()));

        assertThat(models)
                .extracting(this::recordedCount)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, Together.THREADS).boxed().toList());
        assertThat(models)
                .allSatisfy(
                        model -> assertThat(answers(model, dense.test())).isEqualTo(inTurn.get(recordedCount(model))));
        assertThat(shared.getInvocationCount()).isEqualTo(Together.THREADS);
    }

    @Test
    default void provenance_recordsTheCountBeforeTheTraining() {
        Trainer<T> trainer = trainer();
        Dataset<T> train = task().dense().train();

        assertThat(recordedCount(trainer.train(train))).isZero();
        assertThat(recordedCount(trainer.train(train))).isEqualTo(1);
        assertThat(recordedCount(trainer.train(train, Map.of(), 7))).isEqualTo(7);
    }

    private List<Answers> answersInTurn(Trainer<T> trainer, TrainTest<T> sets, int trainings) {
        List<Answers> answers = new ArrayList<>();
        for (int i = 0; i < trainings; i++) {
            answers.add(answers(trainer.train(sets.train()), sets.test()));
        }
        return answers;
    }

    private int recordedCount(Model<T> model) {
        return (Integer) model.getProvenance()
                .getTrainerProvenance()
                .getInstanceValues()
                .get(TrainerProvenance.TRAIN_INVOCATION_COUNT)
                .getValue();
    }
}
