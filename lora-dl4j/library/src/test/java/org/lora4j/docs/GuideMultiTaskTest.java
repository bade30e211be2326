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
import org.lora4j.config.ModuleSelector;
import org.lora4j.multitask.LearningTask;
import org.lora4j.multitask.LossWeighting;
import org.lora4j.multitask.MultiTaskAdapter;
import org.lora4j.multitask.MultiTaskConfig;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.MultiTaskResult;
import org.lora4j.multitask.MultiTaskTrainer;
import org.lora4j.multitask.Task;
import org.lora4j.multitask.TaskSampling;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.Prediction;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TaskGroup;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TokenClassifier;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/many-tasks.md on training several tasks together. */
class GuideMultiTaskTest {

    private static final Logger log = LoggerFactory.getLogger(GuideMultiTaskTest.class);

    @TempDir
    Path folder;

    private final INDArray weight = random(1, 4, 4);

    private static INDArray random(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray values = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, 2 * random.nextDouble() - 1);
        }
        return values;
    }

    private SameDiff graph(int classes) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, classes);
        SDVariable features = graph.math().tanh(x.mmul(graph.constant("layer.weight", weight)));
        SDVariable logits = features.mmul("logits", graph.constant("head.weight", random(2, 4, classes)));
        graph.loss().softmaxCrossEntropy("loss", labels, logits, graph.constant("one", Nd4j.scalar(1f)));
        graph.setLossVariables("loss");
        return graph;
    }

    private static Batches batches(int classes) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            INDArray labels = Nd4j.zeros(DataType.FLOAT, 4, classes);
            for (int row = 0; row < 4; row++) {
                labels.putScalar(row, row % classes, 1);
            }
            batches.add(Batch.of(Map.of("x", random(10 + i, 4, 4), "labels", labels), 4));
        }
        return Batches.shuffled(batches);
    }

    @Test
    void tasks_areTrainedTogether() throws IOException {
        SameDiff bankingGraph = graph(3);
        SameDiff travelGraph = graph(2);
        Batches bankingBatches = batches(3);
        Batches travelBatches = batches(2);
        Path directory = folder.resolve("tasks");
        TrainingPlan plan =
                TrainingPlan.builder().epochs(3).optimizer(AdamW.of(1e-2)).build();

        LoraConfig shared =
                LoraConfig.builder().rank(2).alpha(4).targetModules("layer").build();
        LoraConfig specific =
                LoraConfig.builder().rank(1).alpha(2).targetModules("layer").build();
        MultiTaskConfig config =
                MultiTaskConfig.builder().shared(shared).specific(specific).build();
        List<Task> tasks = List.of(new Task("banking", bankingGraph, "head"), new Task("travel", travelGraph, "head"));
        MultiTaskModel model = MultiTaskModel.create(config, tasks, 42);

        MultiTaskResult result = MultiTaskTrainer.builder()
                .task(new LearningTask("banking", model.task("banking"), bankingBatches))
                .task(new LearningTask("travel", model.task("travel"), travelBatches))
                .sampling(TaskSampling.temperature(2))
                .weighting(LossWeighting.uncertainty())
                .plan(plan)
                .build()
                .train();

        model.adapter().save(directory);
        MultiTaskModel again = MultiTaskModel.of(MultiTaskAdapter.load(directory), tasks);
        Adapter banking = Adapter.load(directory.resolve("tasks/banking"));

        assertThat(result.training().steps()).isEqualTo(3 * 6);
        assertThat(again.parameters()).isEqualTo(model.parameters());
        assertThat(banking.loraConfig().rank()).isEqualTo(2 + 1);
        assertThat(banking.config().modulesToSave()).containsExactly("head");
    }

    @Test
    void textTasks_learnOverOneAdapter() throws IOException {
        TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")));
        List<LabeledText> questions = new ArrayList<>();
        List<LabeledWords> commands = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            questions.add(new LabeledText((i % 2 == 0 ? "good film " : "bad card ") + i, i % 2 == 0 ? "film" : "card"));
            commands.add(LabeledWords.of("film good " + i, List.of(new LabeledWords.Span("kind", 5, 9))));
        }
        TrainingPlan plan =
                TrainingPlan.builder().epochs(2).optimizer(AdamW.of(2e-3)).build();

        TextClassifier intents =
                TextClassifier.builder(encoder).headOnly().build().fit(questions);
        TokenClassifier slots =
                TokenClassifier.builder(encoder).headOnly().build().fit(commands);
        LoraConfig lora = LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules(ModuleSelector.allLinear())
                .build();
        MultiTaskModel model = MultiTaskModel.create(
                MultiTaskConfig.builder().shared(lora).build(),
                List.of(
                        new Task("intents", intents.graph(), EncoderClassifier.HEAD),
                        new Task("slots", slots.graph(), EncoderClassifier.HEAD)),
                42);
        MultiTaskTrainer.builder()
                .task(new LearningTask("intents", model.task("intents"), intents.trainingBatches(questions)))
                .task(new LearningTask("slots", model.task("slots"), slots.trainingBatches(commands)))
                .plan(plan)
                .build()
                .train();
        intents.adopt(model.adapter().plain("intents")).save(folder.resolve("intents"));
        slots.adopt(model.adapter().plain("slots")).save(folder.resolve("slots"));

        try (TaskGroup both = TaskGroup.of(intents, slots)) {
            TaskGroup.Answers answers = both.predict(List.of("a good film"));
            Prediction intent = answers.of(intents).get(0);
            TaggedWords tagged = answers.of(slots).get(0);
            log.info("{}: {}", intent.label(), tagged);
        }

        try (TaskGroup both = TaskGroup.of(intents, slots)) {
            assertThat(both.predict(List.of("a good film")).of(slots).get(0).tags())
                    .isEqualTo(slots.predict("a good film").tags());
        }
        Map<String, INDArray> ofIntents =
                intents.adapter().modules().values().iterator().next();
        Map<String, INDArray> ofSlots =
                slots.adapter().modules().values().iterator().next();
        assertThat(ofIntents.get("lora_B.weight")).isEqualTo(ofSlots.get("lora_B.weight"));
        assertThat(intents.adapter().modules().keySet())
                .isEqualTo(slots.adapter().modules().keySet())
                .doesNotContain(EncoderClassifier.HEAD);
        try (TextClassifier again = TextClassifier.load(folder.resolve("intents"), encoder)) {
            assertThat(again.predict("a good film")).isEqualTo(intents.predict("a good film"));
        }
        intents.close();
        slots.close();
        encoder.close();
    }
}
