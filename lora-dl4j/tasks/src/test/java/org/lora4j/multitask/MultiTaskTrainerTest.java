/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.multitask.MultiTaskConfig.Gate;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.SgdOptimizer;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MultiTaskTrainerTest {

    private final TinyTasks tiny = new TinyTasks(DataType.DOUBLE);
    private final MultiTaskConfig both = MultiTaskConfig.builder()
            .shared(TinyTasks.lora(2, 4, "up", "down"))
            .specific(TinyTasks.lora(1, 3, "down"))
            .build();

    private static TrainingPlan plan(int epochs) {
        return TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(1e-2))
                .seed(5)
                .build();
    }

    private MultiTaskTrainer.Builder trainer(MultiTaskModel model, int animals, int colors) {
        return MultiTaskTrainer.builder()
                .task(new LearningTask("animals", model.task("animals"), tiny.batches(2, animals)))
                .task(new LearningTask("colors", model.task("colors"), tiny.batches(3, colors)));
    }

    private static Map<String, INDArray> values(MultiTaskModel model, String task) {
        Map<String, INDArray> values = new java.util.LinkedHashMap<>();
        model.task(task)
                .trainableParameters()
                .forEach(p -> values.put(p.name(), p.value().dup()));
        return values;
    }

    @Test
    void train_lowersTheLossOfEveryTask() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);

        MultiTaskResult result = trainer(model, 3, 6).plan(plan(15)).build().train();

        assertThat(result.epochs()).hasSize(30);
        assertThat(result.training().steps()).isEqualTo(15 * 9);
        for (int task = 0; task < 2; task++) {
            assertThat(result.epochs().get(28 + task).meanLoss())
                    .isLessThan(0.9 * result.epochs().get(task).meanLoss());
        }
        assertThat(result.epochs().get(0).batches()).isEqualTo(3);
        assertThat(result.epochs().get(1).batches()).isEqualTo(6);
    }

    @Test
    void step_ofOneTask_leavesTheOtherAloneInEveryBit() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        Map<String, INDArray> animals = values(model, "animals");
        Map<String, INDArray> colors = values(model, "colors");
        TrainingPlan one =
                TrainingPlan.builder().steps(1).optimizer(AdamW.of(1e-2)).build();

        trainer(model, 1, 1)
                .sampling(TaskSampling.roundRobin())
                .plan(one)
                .build()
                .train();

        Map<String, INDArray> now = values(model, "colors");
        now.forEach((name, value) -> {
            if (!name.endsWith(".shared")) {
                assertThat(value).as(name).isEqualTo(colors.get(name));
            }
        });
        assertThat(now.get("up.lora_B.shared")).isNotEqualTo(colors.get("up.lora_B.shared"));
        assertThat(values(model, "animals").get("head.bias")).isNotEqualTo(animals.get("head.bias"));
    }

    /** With nothing shared, joint training is training each task alone: Adam's memory survives the steps of others. */
    @Test
    void independentTasks_learnWhatTheyLearnAlone() {
        MultiTaskConfig own = MultiTaskConfig.builder()
                .specific(TinyTasks.lora(2, 4, "up", "down"))
                .build();
        MultiTaskModel joint = MultiTaskModel.create(own, tiny.twoTasks(), 1);
        MultiTaskModel alone = MultiTaskModel.create(own, tiny.twoTasks(), 1);

        trainer(joint, 3, 5).plan(plan(4)).build().train();
        Trainer.builder(alone.task("animals")).plan(plan(4)).build().train(tiny.batches(2, 3));
        Trainer.builder(alone.task("colors")).plan(plan(4)).build().train(tiny.batches(3, 5));

        for (String task : joint.tasks()) {
            Map<String, INDArray> expected = values(alone, task);
            values(joint, task)
                    .forEach((name, value) -> assertThat(
                                    value.sub(expected.get(name)).amaxNumber().doubleValue())
                            .as(name)
                            .isZero());
        }
    }

    @Test
    void run_repeatsBitForBit() {
        List<List<Double>> losses = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
            losses.add(trainer(model, 3, 5)
                    .sampling(TaskSampling.temperature(3))
                    .weighting(LossWeighting.uncertainty())
                    .plan(plan(3))
                    .build()
                    .train()
                    .training()
                    .losses());
        }

        assertThat(losses.get(0)).isEqualTo(losses.get(1));
    }

    @Test
    void givenWeights_scaleLossAndGradients() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        tiny.disturb(model, 4);
        List<LearningTask> tasks = List.of(
                new LearningTask("animals", model.task("animals"), tiny.batches(2, 1)),
                new LearningTask("colors", model.task("colors"), tiny.batches(3, 1)));
        Batch batch = tiny.batch(3, 4, 9);
        Map<String, INDArray> named = new java.util.LinkedHashMap<>();
        batch.placeholders().forEach((name, array) -> named.put("colors/" + name, array));
        LossAndGradients plain = model.task("colors").executor().gradients(batch.placeholders(), 0);

        LossAndGradients weighted = new JointTrainable(
                        tasks,
                        LossWeighting.given(Map.of("animals", 1.0, "colors", 0.5))
                                .start(List.of("animals", "colors"), DataType.DOUBLE))
                .executor()
                .gradients(named, 0);

        assertThat(weighted.loss()).isCloseTo(0.5 * plain.loss(), within(1e-12));
        assertThat(weighted.gradients().get("up.lora_A.shared"))
                .isEqualTo(plain.gradients().get("up.lora_A.shared").mul(0.5));
        assertThat(weighted.gradients().get("colors/head.weight"))
                .isEqualTo(plain.gradients().get("head.weight").mul(0.5));
        assertThat(weighted.unreached())
                .containsExactlyInAnyOrder(
                        "animals/down.lora_A.specific",
                        "animals/down.lora_B.specific",
                        "animals/head.weight",
                        "animals/head.bias");
    }

    /** One step of plain descent: s = -rate * (1/2 - L), and the loss that is reported is that of s = 0. */
    @Test
    void uncertainty_learnsItsVariances() {
        MultiTaskModel model = MultiTaskModel.create(both, List.of(tiny.task("animals", 2)), 1);
        Batch batch = tiny.batch(2, 5, 1);
        double loss = model.task("animals")
                .executor()
                .gradients(batch.placeholders(), 0)
                .loss();
        TrainingPlan plan =
                TrainingPlan.builder().epochs(1).optimizer(SgdOptimizer.of(0.1)).build();
        MultiTaskTrainer trainer = MultiTaskTrainer.builder()
                .task(new LearningTask("animals", model.task("animals"), Batches.inOrder(List.of(batch))))
                .weighting(LossWeighting.uncertainty())
                .plan(plan)
                .build();

        MultiTaskResult result = trainer.train();

        assertThat(result.training().losses().get(0)).isCloseTo(loss, within(1e-12));
        assertThat(result.epochs().get(0).weight()).isCloseTo(Math.exp(0.1 * (0.5 - loss)), within(1e-12));
    }

    @Test
    void accumulation_averagesOverTasks_andTakesOthersForZero() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        tiny.disturb(model, 4);
        Batch animals = tiny.batch(2, 5, 1);
        Batch colors = tiny.batch(3, 5, 2);
        INDArray expectedShared = gradient(model, "animals", animals, "up.lora_A.shared")
                .add(gradient(model, "colors", colors, "up.lora_A.shared"))
                .mul(0.5);
        INDArray expectedOwn =
                gradient(model, "colors", colors, "down.lora_A.specific").mul(0.5);
        Map<String, INDArray> before = values(model, "colors");

        MultiTaskTrainer.builder()
                .task(new LearningTask("animals", model.task("animals"), Batches.inOrder(List.of(animals))))
                .task(new LearningTask("colors", model.task("colors"), Batches.inOrder(List.of(colors))))
                .sampling(TaskSampling.roundRobin())
                .plan(TrainingPlan.builder()
                        .epochs(1)
                        .accumulation(2)
                        .optimizer(SgdOptimizer.of(1))
                        .build())
                .build()
                .train();

        Map<String, INDArray> now = values(model, "colors");
        assertThat(before.get("up.lora_A.shared")
                        .sub(now.get("up.lora_A.shared"))
                        .sub(expectedShared)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-12);
        assertThat(before.get("down.lora_A.specific")
                        .sub(now.get("down.lora_A.specific"))
                        .sub(expectedOwn)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-12);
    }

    private static INDArray gradient(MultiTaskModel model, String task, Batch batch, String name) {
        return model.task(task)
                .executor()
                .gradients(batch.placeholders(), 0)
                .gradients()
                .get(name);
    }

    @Test
    void smallTask_startsOver_andLargeOneIsCut() {
        Batches animals = tiny.batches(2, 1);
        Batches colors = tiny.batches(3, 5);
        List<LearningTask> tasks = List.of(
                new LearningTask("animals", new NoModel(), animals), new LearningTask("colors", new NoModel(), colors));
        Iterator<Batch> epoch = new JointBatches(tasks, TaskSampling.roundRobin()).epoch(1, 3);
        List<String> names = new ArrayList<>();
        while (epoch.hasNext()) {
            names.add(epoch.next().placeholders().keySet().stream()
                    .filter(name -> name.endsWith("/x"))
                    .findFirst()
                    .orElseThrow());
        }

        assertThat(names).containsExactly("animals/x", "colors/x", "animals/x", "colors/x", "animals/x", "colors/x");
    }

    /** Has nothing to train. */
    private static final class NoModel implements org.lora4j.train.Trainable {
        @Override
        public List<TrainableParameter> trainableParameters() {
            return List.of();
        }

        @Override
        public org.lora4j.exec.GraphExecutor executor() {
            throw new UnsupportedOperationException("not needed");
        }
    }

    @Test
    void evaluation_isTheMean_andEachTaskIsReported() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        MultiTaskTrainer trainer = MultiTaskTrainer.builder()
                .task(new LearningTask(
                        "animals",
                        model.task("animals"),
                        tiny.batches(2, 2),
                        Validation.higherIsBetter("accuracy", () -> 0.5)))
                .task(new LearningTask(
                        "colors",
                        model.task("colors"),
                        tiny.batches(3, 2),
                        Validation.higherIsBetter("accuracy", () -> 0.75)))
                .plan(plan(1))
                .build();

        MultiTaskResult result = trainer.train();

        assertThat(result.training().bestMetric()).hasValue(0.625);
        assertThat(result.metrics()).isEqualTo(Map.of("animals", 0.5, "colors", 0.75));
    }

    @Test
    void listener_seesTheWholeRun() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        List<Long> steps = new ArrayList<>();

        trainer(model, 1, 2)
                .plan(plan(1))
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        steps.add(report.step());
                    }
                })
                .build()
                .train();

        assertThat(steps).containsExactly(1L, 2L, 3L);
    }

    @Test
    void gatesAndExperts_learn() {
        MultiTaskConfig experts = MultiTaskConfig.builder()
                .experts(2, TinyTasks.lora(2, 4, "up", "down"), Gate.ACTIVATION)
                .build();
        MultiTaskModel model = MultiTaskModel.create(experts, tiny.twoTasks(), 1);

        MultiTaskResult result = trainer(model, 3, 3).plan(plan(6)).build().train();

        assertThat(result.training().withoutGradient()).isEmpty();
        assertThat(values(model, "colors").get("up.gate.experts").norm2Number().doubleValue())
                .isPositive();
    }

    @Test
    void notFiniteInput_isFoundByTask() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        Batch bad = Batch.of(
                Map.of(
                        "x", Nd4j.valueArrayOf(new long[] {1, 3}, Double.NaN, DataType.DOUBLE),
                        "labels", Nd4j.createFromArray(new double[][] {{1, 0, 0}})),
                1);
        MultiTaskTrainer trainer = MultiTaskTrainer.builder()
                .task(new LearningTask("animals", model.task("animals"), tiny.batches(2, 2)))
                .task(new LearningTask("colors", model.task("colors"), Batches.inOrder(List.of(bad))))
                .plan(plan(1))
                .build();

        assertThatThrownBy(trainer::train)
                .isInstanceOf(TrainingFailedException.class)
                .hasMessageContaining("\"colors/x\"");
    }

    @Test
    void taskThatGivesNoBatch_isNamed() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        Batches none = ((Batches) (epoch, seed) -> Collections.emptyIterator()).withBatchesPerEpoch(3);
        MultiTaskTrainer trainer = MultiTaskTrainer.builder()
                .task(new LearningTask("animals", model.task("animals"), tiny.batches(2, 2)))
                .task(new LearningTask("colors", model.task("colors"), none))
                .plan(plan(1))
                .build();

        assertThatThrownBy(trainer::train)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("task \"colors\", epoch 1, pass 1 over its data: the source gave no batch");
    }

    @Test
    void build_listsEveryProblem() {
        MultiTaskModel model = MultiTaskModel.create(both, tiny.twoTasks(), 1);
        Batches unknown = (epoch, seed) -> Collections.emptyIterator();
        Batches empty = new Batches() {
            @Override
            public Iterator<Batch> epoch(int epoch, long seed) {
                return Collections.emptyIterator();
            }

            @Override
            public OptionalLong batchesPerEpoch() {
                return OptionalLong.of(0);
            }
        };
        MultiTaskTrainer.Builder builder = MultiTaskTrainer.builder()
                .task(new LearningTask("animals", model.task("animals"), unknown))
                .task(new LearningTask(
                        "animals", model.task("colors"), empty, Validation.lowerIsBetter("loss", () -> 1)))
                .task(new LearningTask(
                        "birds",
                        model.task("colors"),
                        tiny.batches(3, 1),
                        Validation.higherIsBetter("accuracy", () -> 1)))
                .weighting(LossWeighting.given(Map.of("animal", 1.0, "birds", 2.0)));

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tasks \"animals\" and \"animals\" clash")
                .hasMessageContaining("no plan")
                .hasMessageContaining("task \"animals\" does not tell its number of batches")
                .hasMessageContaining("task \"animals\" has no data (0 batches)")
                .hasMessageContaining("have no evaluation, others have")
                .hasMessageContaining("expected one direction")
                .hasMessageContaining("a weight is given for \"animal\", which is no task")
                .hasMessageContaining("no weight is given for \"animals\"");
        assertThatThrownBy(() -> MultiTaskTrainer.builder().build()).hasMessageContaining("no task");
    }
}
