/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.advice.RankSensitivity;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.train.Warmup;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The examples of docs/advisor.md on learning rates and ranks. */
class GuideAdvisorRankTest {

    private static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("input", "labels");

    private final LoraConfig config = LoraConfig.builder()
            .rank(4)
            .alpha(8)
            .targetModules(ModuleSelector.allLinear())
            .modulesToSave("head")
            .build();
    private final Batches batches = batches();
    private final Batches heldOut =
            Batches.of(new ListDataSetIterator<>(UserGraph.examples(3).asList(), 32), NAMES);

    /** Such as come again in every epoch, so that a frozen prefix can be kept. */
    private static Batches batches() {
        List<Batch> all = new ArrayList<>();
        Batches.of(UserGraph.iterator(), NAMES).epoch(1, 0).forEachRemaining(all::add);
        return Batches.shuffled(all);
    }

    private double accuracy(AdaptedSameDiff model) {
        return ClassificationMetrics.of(model.outputExecutor(), heldOut, "scores", "labels")
                .accuracy();
    }

    @Test
    void rate_isFoundBeforeTraining() {
        AdaptedSameDiff model = Lora.inject(UserGraph.create(), config, 42);

        TrainingPlan plan = TrainingPlan.builder()
                .epochs(20)
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .build();
        LearningRateSuggestion found = LearningRateFinder.builder(model)
                .plan(plan)
                .batches(batches)
                .validation(Validation.higherIsBetter("accuracy", () -> accuracy(model)))
                .build()
                .find();
        double rate = found.rate().orElseThrow(); // found.advice() says why if there is none
        plan = plan.toBuilder().optimizer(AdamW.of(rate)).build();

        assertThat(found.advice().sentence()).contains(String.format(Locale.ROOT, "%.1e", rate));
        assertThat(plan.optimizer().learningRate(0, 1)).isEqualTo(rate);
    }

    @Test
    void rate_ofATextTask(@TempDir Path folder) throws IOException {
        TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")));
        List<LabeledText> train = reviews(160);
        List<LabeledText> validation = reviews(40);

        LearningRateSuggestion found = LearningRateFinder.of(() -> TextClassifier.builder(encoder), train, validation)
                .find();

        assertThat(found.curve()).isNotEmpty();
        assertThat(found.advice().sentence()).isNotBlank();
        encoder.close();
    }

    private static List<LabeledText> reviews(int count) {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            // A label in eight is wrong, so that a head alone is not sure of itself.
            boolean good = i % 2 == 0 ^ i % 8 == 3;
            texts.add(new LabeledText((i % 2 == 0 ? "a good film " : "very bad film ") + i, good ? "yes" : "no"));
        }
        return texts;
    }

    @Test
    void ranks() {
        AdaptedSameDiff model = AdaptedSameDiff.of(UserGraph.create());
        TrainingPlan plan =
                TrainingPlan.builder().epochs(20).optimizer(AdamW.of(1e-2)).build();

        RankAdvisor ranks = RankAdvisor.builder(model, config)
                .plan(plan)
                .batches(batches)
                .validation(Validation.higherIsBetter("accuracy", () -> accuracy(model)))
                .cacheFrozenPrefix(PrefixCache.inMemory(1L << 28))
                .build();
        RankSensitivity spread = ranks.sensitivity(4); // spread.config(): the same budget, a rank for each module
        RankSuggestion reduced = ranks.trainAndReduce(8); // reduced.config(): the smallest rank that keeps the accuracy
        RankSuggestion halved = ranks.halve(ranks.ofRanks(1, 2, 4, 8));
        List<ModuleSelector> targets = List.of(ModuleSelector.allLinear(), ModuleSelector.suffixes("dense2"));
        RankSuggestion where = ranks.halve(ranks.of(targets, 2, 8));

        assertThat(spread.config().orElseThrow().rankPattern()).containsOnlyKeys("dense1", "dense2");
        assertThat(reduced.config().orElseThrow().rank()).isBetween(1, 8);
        assertThat(halved.config()).isPresent();
        assertThat(where.trials()).hasSize(6);
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void networkOfDeeplearning4j() {
        MultiLayerNetwork network = network();
        DataSetIterator iterator = UserGraph.iterator();
        DataSetIterator test = new ListDataSetIterator<>(UserGraph.examples(3).asList(), 32);

        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(network, config, 42);
        Trainable training = model.trainable(DataSetPlaceholders.of("input", "labels"));
        LearningRateSuggestion found = LearningRateFinder.builder(training)
                .plan(TrainingPlan.builder().epochs(20).build())
                .batches(Batches.of(iterator, DataSetPlaceholders.of("input", "labels"))
                        .withBatchesPerEpoch(6))
                .validation(Validation.higherIsBetter(
                        "accuracy", () -> model.network().evaluate(test).accuracy()))
                .build()
                .find();

        assertThat(found.rate()).isPresent();
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(1e-3))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("dense1")
                        .nIn(UserGraph.FEATURES)
                        .nOut(16)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(16)
                        .nOut(UserGraph.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }
}
