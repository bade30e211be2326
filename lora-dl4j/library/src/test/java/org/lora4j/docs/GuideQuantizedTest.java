/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.QuantizedGraph;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SameDiff;

/** The examples of docs/quantized.md. */
class GuideQuantizedTest {

    private final SameDiff graph = UserGraph.create();
    private final LoraConfig config =
            LoraConfig.builder().rank(4).targetModules("dense1", "dense2").build();
    private final TrainingPlan plan =
            TrainingPlan.builder().epochs(20).optimizer(AdamW.of(0.01)).build();
    private final Batches batches = Batches.inOrder(List.of(Batch.of(
            Map.of(
                    "input", UserGraph.examples(2).getFeatures(),
                    "labels", UserGraph.examples(2).getLabels()),
            UserGraph.EXAMPLES)));

    @Test
    void quantizedBase(@TempDir Path folder) throws IOException {
        QuantizedGraph small = Quantization.int8().apply(graph, name -> name.startsWith("dense"));
        AdaptedSameDiff model = Lora.inject(small.graph(), config, 42);
        TrainingResult result = Trainer.builder(model).plan(plan).build().train(batches);
        model.adapter("default").save(folder);

        assertThat(result.lastLoss()).isLessThan(result.losses().get(0));
        assertThat(Adapter.load(folder).modules().keySet()).containsExactlyInAnyOrder("dense1", "dense2");
    }

    @Test
    void productsByOneDnn() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
        AdaptedSameDiff model = Lora.inject(graph, config, 42);

        Multiplier products = OneDnn.products(MathMode.STRICT_F32);
        TrainingResult result =
                Trainer.builder(model.multipliedBy(products)).plan(plan).build().train(batches);

        assertThat(result.lastLoss()).isLessThan(result.losses().get(0));
    }
}
