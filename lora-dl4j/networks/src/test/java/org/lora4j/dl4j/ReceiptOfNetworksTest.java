/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An adapter of a network that a trainer trained carries its receipt. */
class ReceiptOfNetworksTest {

    private static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("x", "y");
    private static final INDArray X = Nd4j.create(new double[][] {{1, 0, -1, 2}, {0.5, 1, 1, -1}, {-1, 2, 0, 0}});
    private static final INDArray Y = Nd4j.create(new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});

    @TempDir
    private Path folder;

    private static <N extends Model> AdaptedNetwork<N> trained(AdaptedNetwork<N> model, String target) {
        model.addAdapter(
                "default",
                LoraConfig.builder()
                        .rank(2)
                        .targetModules(target)
                        .modulesToSave("head")
                        .build(),
                1);
        model.activate("default");
        Trainer.builder(model.trainable(NAMES))
                .plan(TrainingPlan.builder()
                        .epochs(3)
                        .optimizer(AdamW.of(0.01))
                        .seed(4)
                        .build())
                .quiet()
                .build()
                .train(Batches.inOrder(List.of(Batch.of(Map.of("x", X, "y", Y), 3))));
        return model;
    }

    @Test
    void adapter_isSavedWithItsReceipt_alsoOfAGraph() throws IOException {
        Path layers = folder.resolve("layers");
        Path graph = folder.resolve("graph");
        trained(AdaptedNetwork.of(Networks.mlp()), "fc1").adapter("default").save(layers);
        trained(AdaptedNetwork.of(Networks.graph()), "enc.fc1")
                .adapter("default")
                .save(graph);

        Receipt receipt = Adapter.load(layers).receipt().orElseThrow();
        assertThat(receipt.data().get(Receipt.TRAIN).examples()).isEqualTo(3);
        assertThat(receipt.hashes()).containsKeys(Receipt.TRAINED, Receipt.BASE_PARAMETERS);
        assertThat(Adapter.load(graph).receipt()).isPresent();
        assertThat(trained(AdaptedNetwork.of(Networks.mlp()), "fc1")
                        .adapter("default")
                        .receipt()
                        .orElseThrow()
                        .contentHash())
                .isEqualTo(receipt.contentHash());
    }

    @Test
    void networkThatLearnedOnByItself_hasNoReceipt() {
        AdaptedNetwork<MultiLayerNetwork> model = trained(AdaptedNetwork.of(Networks.mlp()), "fc1");
        model.network().fit(X, Y);

        assertThat(model.adapter("default").receipt()).isEmpty();
    }
}
