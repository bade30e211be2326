/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.EarlyStopping;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Nd4jOptimizer;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.ProgressListener;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.train.Warmup;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/guide-samediff.md on training. */
class GuideTrainingTest {

    private static final Logger log = LoggerFactory.getLogger(GuideTrainingTest.class);

    private final SameDiff graph = UserGraph.create();
    private final DataSetIterator iterator = UserGraph.iterator();
    private final DataSet examples = UserGraph.examples(3);

    private AdaptedSameDiff adapted() {
        LoraConfig config = LoraConfig.builder()
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave("head")
                .build();
        return Lora.inject(graph, config, 42);
    }

    @Test
    void trainer_trainsAndKeepsTheBest() {
        AdaptedSameDiff model = adapted();
        DataSetIterator heldOutIterator = new ListDataSetIterator<>(examples.asList(), 32);

        Batches batches =
                Batches.of(iterator, DataSetPlaceholders.of("input", "labels")).withBatchesPerEpoch(6);
        Batches heldOut = Batches.of(heldOutIterator, DataSetPlaceholders.of("input", "labels"));
        DoubleSupplier accuracy = () -> ClassificationMetrics.of(model.outputExecutor(), heldOut, "scores", "labels")
                .accuracy();
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(40)
                .optimizer(AdamW.of(5e-3))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .clipping(GradientClipping.byGlobalNorm(1))
                .earlyStopping(EarlyStopping.patience(10))
                .seed(7)
                .build();
        TrainingResult result = Trainer.builder(model)
                .plan(plan)
                .validation(Validation.higherIsBetter("accuracy", accuracy))
                .listener(ProgressListener.to(log::info))
                .build()
                .train(batches);

        assertThat(result.bestRestored()).isTrue();
        assertThat(result.bestMetric().orElseThrow()).isEqualTo(accuracy.getAsDouble());
        assertThat(result.bestMetric().orElseThrow()).isGreaterThan(0.8);
    }

    @Test
    void plan_hasGroupsAccumulationAndOtherOptimizers() {
        AdaptedSameDiff model = adapted();
        Batches batches = Batches.of(iterator, DataSetPlaceholders.of("input", "labels"));

        TrainingPlan loraPlus = TrainingPlan.builder()
                .steps(4)
                .optimizer(AdamW.of(2e-4))
                .loraPlus(16)
                .accumulation(4)
                .build();
        TrainingPlan nesterov = TrainingPlan.builder()
                .steps(4)
                .optimizer(Nd4jOptimizer.of(new Nesterovs(1e-2, 0.9)))
                .group(ParameterGroup.matchingModule("head").withLearningRate(1e-3))
                .schedule(LearningRateSchedule.cosine(Warmup.steps(2), 0.1))
                .build();

        for (TrainingPlan plan : List.of(loraPlus, nesterov)) {
            TrainingResult result = Trainer.builder(model).plan(plan).build().train(batches);
            assertThat(result.steps()).isEqualTo(4);
            assertThat(result.withoutGradient()).isEmpty();
        }
    }

    @Test
    void resume_startsARunOrGoesOnWithIt(@TempDir Path directory) {
        AdaptedSameDiff model = adapted();
        Batches batches = Batches.of(iterator, DataSetPlaceholders.of("input", "labels"));
        TrainingPlan plan = TrainingPlan.builder().steps(3).build();

        Trainer trainer = Trainer.builder(model)
                .plan(plan)
                .checkpoints(Checkpoints.in(directory).withEverySteps(100).withKeep(2))
                .build();
        TrainingResult result = trainer.resume(batches);

        assertThat(result.steps()).isEqualTo(3);
        assertThat(trainer.resume(batches).losses()).isEqualTo(result.losses());
    }

    @Test
    void frozenPrefix_isComputedOnceForEachBatch(@TempDir Path folder) {
        LoraConfig config = LoraConfig.builder()
                .targetModules(ModuleSelector.suffixes("dense2"))
                .modulesToSave("head")
                .build();
        AdaptedSameDiff model = Lora.inject(graph, config, 42);
        List<Batch> list = UserGraph.examples(2).batchBy(UserGraph.BATCH).stream()
                .map(set -> Batch.of(Map.of("input", set.getFeatures(), "labels", set.getLabels()), set.numExamples()))
                .toList();
        TrainingPlan plan = TrainingPlan.builder().epochs(3).build();

        Trainer trainer = Trainer.builder(model)
                .plan(plan)
                .cacheFrozenPrefix(PrefixCache.inMemory(512L << 20).withFile(folder, 8L << 30))
                .build();
        TrainingResult result = trainer.train(Batches.shuffled(list));

        AdaptedSameDiff uncached = Lora.inject(graph, config, 42);
        assertThat(result.losses())
                .isEqualTo(Trainer.builder(uncached)
                        .plan(plan)
                        .build()
                        .train(Batches.shuffled(list))
                        .losses());
    }

    @Test
    void batches_canBeMadeByHand() {
        AdaptedSameDiff model = adapted();
        List<DataSet> dataSets = UserGraph.examples(2).batchBy(UserGraph.BATCH);

        List<Batch> list = dataSets.stream()
                .map(set -> Batch.of(Map.of("input", set.getFeatures(), "labels", set.getLabels()), set.numExamples()))
                .toList();
        Batches batches = Batches.shuffled(list);

        TrainingPlan plan = TrainingPlan.builder().epochs(1).build();
        assertThat(Trainer.builder(model).plan(plan).build().train(batches).steps())
                .isEqualTo(6);
    }

    @Test
    void fit_trainsTheAdaptedGraphToo() {
        AdaptedSameDiff model = adapted();
        Map<String, INDArray> inputs = Map.of("input", examples.getFeatures());
        INDArray before = model.output(inputs, "scores").get("scores");
        INDArray base = graph.output(inputs, "scores").get("scores");

        SameDiff stock = model.graph();
        stock.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(2e-3))
                .dataSetFeatureMapping("input")
                .dataSetLabelMapping("labels")
                .build());
        stock.fit(iterator, 1);

        INDArray after = model.output(inputs, "scores").get("scores");
        assertThat(UserGraph.largestDifference(after, before)).isPositive();
        // Sums of at most 16 products of floats below 10, in another order.
        assertThat(UserGraph.largestDifference(stock.output(inputs, "scores").get("scores"), after))
                .isLessThan(1e-5);
        assertThat(UserGraph.largestDifference(graph.output(inputs, "scores").get("scores"), base))
                .isZero();
    }

    @Test
    void fullFineTuning_trainsTheGraphItself() {
        SameDiff ownCopy = UserGraph.create();
        TrainingPlan plan = TrainingPlan.builder().epochs(2).build();
        Batches batches = Batches.of(iterator, DataSetPlaceholders.of("input", "labels"));
        INDArray before = ownCopy.getVariable("dense1.weight").getArr().dup();

        TrainableGraph everything = TrainableGraph.of(ownCopy, TrainableGraph.weights(ownCopy));
        TrainableGraph headOnly = TrainableGraph.of(ownCopy, List.of("head.weight", "head.bias"));
        Trainer.builder(everything).plan(plan).build().train(batches);

        assertThat(everything.trainableParameters())
                .extracting(TrainableParameter::name)
                .containsExactlyInAnyOrder(
                        "dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias", "head.weight", "head.bias");
        assertThat(headOnly.trainableParameters()).hasSize(2);
        INDArray after = ownCopy.getVariable("dense1.weight").getArr();
        assertThat(UserGraph.largestDifference(after, before)).isPositive();
    }
}
