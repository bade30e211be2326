/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.continual.ContinualLearner;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.FisherDiagonal;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.GrowingAdapter;
import org.lora4j.continual.HeatMap;
import org.lora4j.continual.OrthogonalityPenalty;
import org.lora4j.continual.QuadraticPenalty;
import org.lora4j.continual.ReplayMemory;
import org.lora4j.continual.Route;
import org.lora4j.continual.TaskRouter;
import org.lora4j.continual.TaskStream;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The examples of "Learning one task after another" in docs/many-tasks.md. */
class GuideContinualTest {

    private static final int FEATURES = 6;

    @TempDir
    Path folder;

    private record Example(double[] features, String intent) {}

    /** Two classes along one axis, a different one for each task. */
    private static List<Example> examples(int axis, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            double[] features = random.doubles(FEATURES, -0.3, 0.3).toArray();
            features[axis] += i % 2 == 0 ? 1 : -1;
            examples.add(new Example(features, i % 2 == 0 ? "plus" : "minus"));
        }
        return examples;
    }

    private static SameDiff base() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, FEATURES);
        SDVariable y = graph.placeHolder("y", DataType.FLOAT, -1, 2);
        SDVariable hidden = x.mmul(
                "hidden", graph.constant("body.weight", Nd4j.eye(FEATURES).castTo(DataType.FLOAT)));
        INDArray head = Nd4j.linspace(DataType.FLOAT, -1, 0.2, 2 * FEATURES)
                .reshape(FEATURES, 2)
                .dup();
        SDVariable logits = hidden.mmul("logits", graph.constant("head.weight", head));
        graph.loss().softmaxCrossEntropy("loss", y, logits, null);
        graph.setLossVariables("loss");
        return graph;
    }

    private static Map<String, INDArray> inputs(ContinualTask<Example> task, List<Example> examples) {
        float[][] x = new float[examples.size()][FEATURES];
        float[][] y = new float[examples.size()][2];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < FEATURES; j++) {
                x[i][j] = (float) examples.get(i).features()[j];
            }
            y[i][task.label(examples.get(i))] = 1;
        }
        return Map.of("x", Nd4j.createFromArray(x), "y", Nd4j.createFromArray(y));
    }

    private static Batches batches(ContinualTask<Example> task, List<Example> examples) {
        return Batches.inOrder(List.of(Batch.of(inputs(task, examples), examples.size())));
    }

    private static double accuracyOf(AdaptedSameDiff model, ContinualTask<Example> task) {
        Map<String, INDArray> inputs = inputs(task, task.test());
        INDArray logits = model.output(Map.of("x", inputs.get("x")), "logits").get("logits");
        INDArray right = logits.argMax(1).eq(inputs.get("y").argMax(1));
        return right.castTo(DataType.DOUBLE).meanNumber().doubleValue();
    }

    private static TaskStream<Example> stream() {
        List<Example> travelTraining = examples(0, 1);
        List<Example> travelTest = examples(0, 2);
        List<Example> bankingTraining = examples(3, 3);
        List<Example> bankingTest = examples(3, 4);

        ContinualTask<Example> travel = ContinualTask.of("travel", travelTraining, travelTest, Example::intent);
        ContinualTask<Example> banking = ContinualTask.of("banking", bankingTraining, bankingTest, Example::intent);
        TaskStream<Example> stream = TaskStream.of(List.of(travel, banking));
        return stream;
    }

    private static LoraConfig config() {
        return LoraConfig.builder().rank(2).alpha(4).targetModules("body").build();
    }

    private static TrainingPlan plan() {
        return TrainingPlan.builder().steps(30).optimizer(AdamW.of(0.05)).build();
    }

    @Test
    void orthogonalParts_learnAStream_andTheReportIsWritten() throws IOException {
        TaskStream<Example> stream = stream();
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        LoraConfig config = config();
        TrainingPlan plan = plan();
        long seed = 1;

        GrowingAdapter growing = GrowingAdapter.on(model);
        ForgettingReport report = stream.run(new ContinualLearner<>() {
            @Override
            public void learn(ContinualTask<Example> task) {
                OrthogonalityPenalty penalty = growing.begin(task.name(), config, seed, 0.1);
                Trainer.builder(model)
                        .plan(plan.toBuilder().penalty(penalty).build())
                        .build()
                        .train(batches(task, task.training()));
            }

            @Override
            public double accuracy(ContinualTask<Example> task) {
                return accuracyOf(model, task);
            }
        });
        report.save(folder.resolve("forgetting.json"));
        HeatMap.of(report, "Orthogonal parts").save(folder.resolve("forgetting.png"));
        Adapter plain = growing.concatenated();

        assertThat(report.accuracy(0, 0)).isGreaterThan(0.9);
        assertThat(report.accuracy(1, 1)).isGreaterThan(0.9);
        assertThat(ForgettingReport.load(folder.resolve("forgetting.json"))).isEqualTo(report);
        assertThat(folder.resolve("forgetting.png")).isNotEmptyFile();
        assertThat(plain.config().rankOf("body")).isEqualTo(4);
    }

    @Test
    void oneAdapter_isHeldBackAndReminded() {
        ContinualTask<Example> travel = stream().tasks().get(0);
        ContinualTask<Example> banking = stream().tasks().get(1);
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        model.addAdapter("shared", config(), 1);
        model.activate("shared");
        TrainingPlan plan = plan();
        Trainer.builder(model).plan(plan).build().train(batches(travel, travel.training()));

        ReplayMemory<Example> memory =
                ReplayMemory.<Example>of(6, 1).with(travel.name(), travel.training(), Example::intent);
        FisherDiagonal fisher =
                FisherDiagonal.of(model, batches(travel, travel.training()).epoch(1, 0));
        QuadraticPenalty elastic = QuadraticPenalty.elastic(100, model.trainableParameters(), fisher);

        List<Example> both = new ArrayList<>(banking.training());
        both.addAll(memory.examples());
        Trainer.builder(model)
                .plan(plan.toBuilder().penalty(elastic).build())
                .build()
                .train(batches(banking, both));

        assertThat(memory.examples()).hasSize(6);
        assertThat(accuracyOf(model, banking)).isGreaterThan(0.9);
        assertThat(accuracyOf(model, travel)).isGreaterThan(0.6);
    }

    @Test
    void router_tellsTheTask() throws IOException {
        ContinualTask<Example> travel = stream().tasks().get(0);
        ContinualTask<Example> banking = stream().tasks().get(1);
        INDArray travelFeatures = inputs(travel, travel.training()).get("x");
        int[] travelClasses = travel.training().stream().mapToInt(travel::label).toArray();
        INDArray bankingFeatures = inputs(banking, banking.training()).get("x");
        int[] bankingClasses =
                banking.training().stream().mapToInt(banking::label).toArray();
        INDArray heldOut = Nd4j.concat(
                0,
                inputs(travel, travel.test()).get("x"),
                inputs(banking, banking.test()).get("x"));
        Path file = folder.resolve("router.safetensors");

        TaskRouter router = TaskRouter.euclidean()
                .with("travel", travelFeatures, travelClasses)
                .with("banking", bankingFeatures, bankingClasses)
                .calibrated(heldOut, 0.95);
        router.save(file);

        INDArray features =
                Nd4j.createFromArray(new float[][] {{1, 0, 0, 0, 0, 0}, {0, 0, 0, -1, 0, 0}, {3, 3, 3, 3, 3, 3}});
        List<String> adapters = new ArrayList<>();
        for (Route route : TaskRouter.load(file).route(features)) {
            adapters.add(route.known() ? route.task() : "unknown");
        }
        assertThat(adapters).containsExactly("travel", "banking", "unknown");
    }
}
