/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.lora4j.error.Problems;
import org.lora4j.train.EpochReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Trains several tasks together: {@link Trainer}'s loop over batches that take turns.
 *
 * <pre>{@code
 * MultiTaskResult result = MultiTaskTrainer.builder()
 *         .task(new LearningTask("banking", model.task("banking"), bankingBatches, bankingAccuracy))
 *         .task(new LearningTask("travel", model.task("travel"), travelBatches, travelAccuracy))
 *         .plan(plan)
 *         .sampling(TaskSampling.temperature(2))
 *         .weighting(LossWeighting.uncertainty())
 *         .build()
 *         .train();
 * }</pre>
 *
 * <p><b>Steps.</b> A batch belongs to one task. Its step changes the parameters of that task, shared ones included, and
 * leaves those of the other tasks and their optimizer state exactly as they are. With {@link TrainingPlan#accumulation} a step
 * averages batches of several tasks.
 *
 * <p><b>State and threads.</b> As {@link Trainer}. Each run starts with fresh weights of losses.
 *
 * @apiNote Status: experimental
 */
public final class MultiTaskTrainer {

    private final List<LearningTask> tasks;
    private final TrainingPlan plan;
    private final TaskSampling sampling;
    private final LossWeighting weighting;
    private final List<RunListener> listeners;

    private MultiTaskTrainer(Builder builder) {
        this.tasks = List.copyOf(builder.tasks);
        this.plan = builder.plan;
        this.sampling = builder.sampling;
        this.weighting = builder.weighting;
        this.listeners = List.copyOf(builder.listeners);
    }

    /**
     * Starts a trainer.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Runs the plan.
     *
     * @return what happened
     * @throws IllegalArgumentException as {@link Trainer#train}; and if a task gives no batch, which is named
     * @throws IllegalStateException as {@link Trainer#train}, and if nothing of a task's model learns
     * @throws org.lora4j.train.TrainingFailedException as {@link Trainer#train}; placeholders and parameters of one task
     *     have its name before theirs
     */
    public MultiTaskResult train() {
        List<String> names = tasks.stream().map(LearningTask::name).toList();
        Weigher weigher = weighting.start(names, type());
        JointTrainable joint = new JointTrainable(tasks, weigher);
        Metrics metrics = new Metrics(weigher, joint.jointExecutor().means());
        Trainer.Builder trainer = Trainer.builder(joint).plan(plan).listener(metrics);
        metrics.evaluation().ifPresent(trainer::validation);
        listeners.forEach(trainer::listener);
        return new MultiTaskResult(trainer.build().train(new JointBatches(tasks, sampling)), metrics.epochs);
    }

    private DataType type() {
        return tasks.get(0).model().trainableParameters().stream()
                .map(parameter -> parameter.value().dataType())
                .findFirst()
                .orElse(DataType.FLOAT);
    }

    /** Computes the metrics of all tasks after an epoch, and writes down what each of them did in it. */
    private final class Metrics implements RunListener {

        private final Weigher weigher;
        private final LossMeans means;
        private final List<TaskEpoch> epochs = new ArrayList<>();
        private final List<OptionalDouble> values = new ArrayList<>();

        Metrics(Weigher weigher, LossMeans means) {
            this.weigher = weigher;
            this.means = means;
        }

        /** The mean of the tasks' metrics. */
        Optional<Validation> evaluation() {
            return tasks.get(0)
                    .validation()
                    .map(first -> new Validation("mean " + first.name(), first.higherIsBetter(), this::mean));
        }

        private double mean() {
            values.clear();
            double sum = 0;
            for (LearningTask task : tasks) {
                double value = task.validation().orElseThrow().metric().getAsDouble();
                values.add(OptionalDouble.of(value));
                sum += value;
            }
            return sum / tasks.size();
        }

        @Override
        public void onEpochEnd(EpochReport report) {
            double[] losses = means.means();
            for (int task = 0; task < tasks.size(); task++) {
                epochs.add(new TaskEpoch(
                        report.epoch(),
                        tasks.get(task).name(),
                        means.batches(task),
                        losses[task],
                        weigher.factor(task),
                        report.metric().isPresent() ? values.get(task) : OptionalDouble.empty()));
            }
            weigher.endEpoch(losses);
            means.clear();
        }
    }

    /**
     * Collects what a trainer needs.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {
        private final List<LearningTask> tasks = new ArrayList<>();
        private TrainingPlan plan;
        private TaskSampling sampling = TaskSampling.proportional();
        private LossWeighting weighting = LossWeighting.uniform();
        private final List<RunListener> listeners = new ArrayList<>();

        private Builder() {}

        /**
         * Adds a task.
         *
         * @param task the task
         * @return this
         */
        public Builder task(LearningTask task) {
            tasks.add(Objects.requireNonNull(task, "MultiTaskTrainer: task is null; expected a LearningTask"));
            return this;
        }

        /**
         * Adds tasks.
         *
         * @param several the tasks, in order
         * @return this
         */
        public Builder tasks(Collection<LearningTask> several) {
            several.forEach(this::task);
            return this;
        }

        /**
         * Sets how long to train and how. An epoch has as many batches as all tasks have together.
         *
         * @param value the plan
         * @return this
         */
        public Builder plan(TrainingPlan value) {
            plan = value;
            return this;
        }

        /**
         * Sets which task gives the next batch; {@link TaskSampling#proportional} by default.
         *
         * @param value the sampling
         * @return this
         */
        public Builder sampling(TaskSampling value) {
            sampling = value;
            return this;
        }

        /**
         * Sets what losses count; {@link LossWeighting#uniform} by default.
         *
         * @param value the weighting
         * @return this
         */
        public Builder weighting(LossWeighting value) {
            weighting = value;
            return this;
        }

        /**
         * Adds somebody who watches the run as a whole.
         *
         * @param value the listener
         * @return this
         */
        public Builder listener(RunListener value) {
            listeners.add(Objects.requireNonNull(value, "MultiTaskTrainer: listener is null; expected a listener"));
            return this;
        }

        /**
         * Checks everything and makes the trainer.
         *
         * @return the trainer
         * @throws IllegalArgumentException if there is no task or no plan, names clash, a task has no batch or does not
         *     tell how many, some tasks have a metric and others none, metrics point in different directions, or weights
         *     are not those of the tasks; the message lists every problem
         */
        public MultiTaskTrainer build() {
            Problems problems = new Problems();
            List<String> names = tasks.stream().map(LearningTask::name).toList();
            TaskNames.check(names, problems);
            problems.check(
                    plan != null, "no plan; expected plan(TrainingPlan.builder().epochs(3).build()) or the like");
            problems.check(sampling != null, "sampling = null, expected one such as TaskSampling.proportional()");
            problems.check(weighting != null, "weighting = null, expected one such as LossWeighting.uniform()");
            tasks.forEach(task -> checkLength(task, problems));
            checkMetrics(problems);
            if (weighting != null) {
                weighting.check(names, problems);
            }
            problems.throwIfAny("MultiTaskTrainer");
            return new MultiTaskTrainer(this);
        }

        private static void checkLength(LearningTask task, Problems problems) {
            OptionalLong batches = task.batches().batchesPerEpoch();
            if (batches.isEmpty()) {
                problems.add("task \"" + task.name() + "\" does not tell its number of batches;"
                        + " expected batches.withBatchesPerEpoch(n)");
            } else {
                problems.check(
                        batches.getAsLong() > 0,
                        "task \"" + task.name() + "\" has no data (" + batches.getAsLong()
                                + " batches); expected at least one batch");
            }
        }

        private void checkMetrics(Problems problems) {
            List<String> without = tasks.stream()
                    .filter(task -> task.validation().isEmpty())
                    .map(LearningTask::name)
                    .toList();
            problems.check(
                    without.isEmpty() || without.size() == tasks.size(),
                    "tasks " + Problems.quoted(without)
                            + " have no evaluation, others have; expected one for each task or" + " none");
            long directions = tasks.stream()
                    .flatMap(task -> task.validation().stream())
                    .map(Validation::higherIsBetter)
                    .distinct()
                    .count();
            problems.check(
                    directions <= 1,
                    "some metrics should grow and others should fall; expected one direction, so that their mean says"
                            + " something");
        }
    }
}
