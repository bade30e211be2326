/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.List;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.FisherDiagonal;
import org.lora4j.continual.QuadraticPenalty;
import org.lora4j.continual.ReplayMemory;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.train.Penalty;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;

/** What one adapter that learns all tasks does about forgetting: by default nothing. */
interface Keeper {

    /** What is added to the loss of the next task. */
    default List<Penalty> penalties() {
        return List.of();
    }

    /** What is learned again with the next task. */
    default List<LabeledText> again() {
        return List.of();
    }

    /** Called after each task. */
    default void learned(ContinualTask<LabeledText> task, Trainable model) {}

    /** The low-rank factors: heads belong to one task each and need no keeping. */
    static List<TrainableParameter> factors(Trainable model) {
        return model.trainableParameters().stream()
                .filter(parameter -> parameter.kind() == TrainableParameter.Kind.FACTOR)
                .toList();
    }

    /** A few texts of each intent. */
    final class Replay implements Keeper {
        private ReplayMemory<LabeledText> memory;

        Replay(int perTask, long seed) {
            memory = ReplayMemory.of(perTask, seed);
        }

        @Override
        public List<LabeledText> again() {
            return memory.examples();
        }

        @Override
        public void learned(ContinualTask<LabeledText> task, Trainable model) {
            memory = memory.with(
                    task.name(), task.training(), text -> text.labels().first());
        }
    }

    /** L2 towards the factors after the last task. */
    final class TowardsOld implements Keeper {
        private final double strength;
        private List<Penalty> penalties = List.of();

        TowardsOld(double strength) {
            this.strength = strength;
        }

        @Override
        public List<Penalty> penalties() {
            return penalties;
        }

        @Override
        public void learned(ContinualTask<LabeledText> task, Trainable model) {
            penalties = List.of(QuadraticPenalty.towards(strength, factors(model)));
        }
    }

    /** Elastic weight consolidation, importances added up over the tasks. */
    final class Elastic implements Keeper {
        private final double strength;
        private final Intents intents;
        private final Inputs inputs;
        private final int examples;
        private final long seed;
        private FisherDiagonal fisher;
        private List<Penalty> penalties = List.of();

        Elastic(double strength, Intents intents, Inputs inputs, int examples, long seed) {
            this.strength = strength;
            this.intents = intents;
            this.inputs = inputs;
            this.examples = examples;
            this.seed = seed;
        }

        @Override
        public List<Penalty> penalties() {
            return penalties;
        }

        @Override
        public void learned(ContinualTask<LabeledText> task, Trainable model) {
            List<LabeledText> some = ReplayMemory.<LabeledText>of(examples, seed)
                    .with(task.name(), task.training(), text -> text.labels().first())
                    .examples();
            FisherDiagonal latest = FisherDiagonal.of(
                    model, intents.batches(some, 1).batches(inputs).epoch(1, seed));
            fisher = fisher == null ? latest : fisher.plus(1, latest);
            penalties = List.of(QuadraticPenalty.elastic(strength, factors(model), fisher));
        }
    }
}
