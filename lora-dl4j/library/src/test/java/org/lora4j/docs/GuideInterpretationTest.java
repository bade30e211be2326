/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterComparison;
import org.lora4j.combine.ModuleComparison;
import org.lora4j.config.LoraConfig;
import org.lora4j.interpret.AdapterSimilarity;
import org.lora4j.interpret.IntruderDimensions;
import org.lora4j.interpret.IntruderReduction;
import org.lora4j.interpret.IntruderReport;
import org.lora4j.interpret.ModuleShare;
import org.lora4j.interpret.ModuleShares;
import org.lora4j.interpret.ModuleUpdate;
import org.lora4j.interpret.UpdateReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.weights.ModelWeights;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/interpretation.md on what an adapter changed. */
class GuideInterpretationTest {

    private static final Logger log = LoggerFactory.getLogger(GuideInterpretationTest.class);

    private final AdaptedSameDiff model = Lora.inject(
            UserGraph.create(),
            LoraConfig.builder()
                    .rank(4)
                    .alpha(8)
                    .targetModules("dense1", "dense2", "head")
                    .build(),
            42);
    private final Batches heldOut = Batches.of(
            new ListDataSetIterator<>(UserGraph.examples(3).asList(), 32), DataSetPlaceholders.of("input", "labels"));

    @BeforeEach
    void train() {
        train("default", 7);
    }

    private void train(String name, long seed) {
        model.activate(name);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(40)
                .optimizer(AdamW.of(1e-2))
                .seed(seed)
                .build();
        Batches batches = Batches.of(UserGraph.iterator(), DataSetPlaceholders.of("input", "labels"))
                .withBatchesPerEpoch(6);
        Trainer.builder(model).plan(plan).build().train(batches);
    }

    private double accuracy(AdaptedSameDiff adapted) {
        return ClassificationMetrics.of(adapted.outputExecutor(), heldOut, "scores", "labels")
                .accuracy();
    }

    @Test
    void everything_inTenLines() throws IOException {
        ModelWeights base = ModelWeights.of(model);
        Adapter adapter = model.adapter("default");
        UpdateReport changed = UpdateReport.of(adapter, base);
        IntruderReport intruders = IntruderDimensions.of(adapter).on(base);
        ModuleShares shares = ModuleShares.of(model, "default", this::accuracy);
        log.info("{}{}{}", changed, intruders, shares);

        assertThat(changed.modules()).hasSize(3);
        assertThat(intruders.modules()).hasSize(3);
        assertThat(shares.all()).isGreaterThan(shares.none());
    }

    @Test
    void changes_areFigures() throws IOException {
        UpdateReport changed = UpdateReport.of(model.adapter("default"), ModelWeights.of(model));
        for (ModuleUpdate module : changed.modules()) {
            log.info("{}: {} of the weight, rank {}", module.path(), module.relativeNorm(), module.rankFor(0.9));
        }
        String json = changed.json();

        assertThat(json).contains("dense1");
    }

    @Test
    void intruders_areReduced() throws IOException {
        Adapter adapter = model.adapter("default");
        ModelWeights base = ModelWeights.of(model);

        IntruderReduction reduction = IntruderDimensions.of(adapter)
                .topK(10)
                .epsilon(0.5)
                .lambda(0.75)
                .reducedOn(base);
        model.addAdapter("reduced", reduction.adapter());
        model.activate("reduced");

        assertThat(reduction.adapter().config()).isEqualTo(adapter.config());
        assertThat(accuracy(model)).isGreaterThan(0.5);
    }

    @Test
    void shares_areOfModulesAndGroups() {
        ModuleShares shares = ModuleShares.of(model, "default", this::accuracy, path -> path.replaceAll("\\d", ""));
        ModuleShare first = shares.byLoss().get(0);
        log.info("{}: {} without it, {} alone", first.name(), first.without(), first.alone());

        assertThat(shares.modules()).extracting(ModuleShare::name).containsExactly("dense", "head");
        assertThat(model.adapterNames()).containsExactly("default");
    }

    @Test
    void adapters_areCompared() throws IOException {
        model.addAdapter(
                "other",
                LoraConfig.builder()
                        .rank(4)
                        .alpha(8)
                        .targetModules("dense1", "dense2", "head")
                        .build(),
                1);
        train("other", 8);

        AdapterComparison alike =
                AdapterSimilarity.of(model.adapter("default"), model.adapter("other"), ModelWeights.of(model));
        ModuleComparison dense = alike.modules().get("dense1");
        log.info("cosine {}, strongest two inputs {}", dense.cosine(), dense.rowSimilarity(2, 2));

        assertThat(dense.rowSimilarity(2, 2)).isBetween(0.0, 1.0);
        assertThat(alike.toString()).contains("dense1");
    }
}
