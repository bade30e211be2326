/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.ProgressListener;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The complete program at the head of docs/guide-samediff.md, run as it stands there. */
class GuideSameDiffTest {

    private static final Logger log = LoggerFactory.getLogger(GuideSameDiffTest.class);

    @Test
    void program_injectsTrainsSavesLoadsAndMerges(@TempDir Path folder) throws IOException {
        File modelFile = folder.resolve("model.fb").toFile();
        UserGraph.create().save(modelFile, false);
        DataSetIterator iterator = UserGraph.iterator();
        INDArray features = UserGraph.examples(3).getFeatures();
        Path directory = folder.resolve("adapter");
        File mergedFile = folder.resolve("merged.fb").toFile();

        SameDiff graph = SameDiff.load(modelFile, false);
        log.info("{}", Lora.modules(graph));

        LoraConfig config = LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules("dense1", "dense2")
                .modulesToSave("head")
                .build();
        AdaptedSameDiff model = Lora.inject(graph, config, 42);
        log.info("{}", model.parameterSummary());

        TrainingPlan plan =
                TrainingPlan.builder().epochs(5).optimizer(AdamW.of(2e-3)).build();
        Batches batches = Batches.of(iterator, DataSetPlaceholders.of("input", "labels"));
        TrainingResult result = Trainer.builder(model)
                .plan(plan)
                .listener(ProgressListener.to(log::info))
                .build()
                .train(batches);

        model.adapter("default").save(directory);
        AdaptedSameDiff loaded = Lora.load(graph, directory);
        INDArray scores = loaded.output(Map.of("input", features), "scores").get("scores");
        loaded.mergeAndUnload().save(mergedFile, false);

        assertThat(result.losses()).hasSize(30);
        assertThat(result.lastLoss()).isLessThan(result.losses().get(0));
        INDArray trained = model.output(Map.of("input", features), "scores").get("scores");
        assertThat(UserGraph.largestDifference(scores, trained)).isZero();
        INDArray merged = SameDiff.load(mergedFile, false)
                .output(Map.of("input", features), "scores")
                .get("scores");
        // Sums of at most 16 products of floats below 10, in another order.
        assertThat(UserGraph.largestDifference(scores, merged)).isBetween(0.0, 1e-5);
    }
}
