/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.Receipt;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An adapter that a trainer alone trained carries its receipt, as long as it is what the run made of it. */
class ReceiptOfTrainerTest {

    @TempDir
    private Path folder;

    private static INDArray weights(int rows, int columns) {
        return Nd4j.linspace(-1, 1, (long) rows * columns, DataType.FLOAT).reshape(rows, columns);
    }

    private static AdaptedSameDiff model(long seed) {
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, 4);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable body = sd.math().tanh(input.mmul(sd.constant("body.weight", weights(4, 3))));
        SDVariable logits = body.mmul("logits", sd.constant("head.weight", weights(3, 2)));
        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        AdaptedSameDiff model = AdaptedSameDiff.of(sd);
        model.addAdapter(
                "default", LoraConfig.builder().rank(2).targetModules("body").build(), seed);
        model.setTrainable("default", true);
        model.activate("default");
        return model;
    }

    private static Batches batches(double shift) {
        SplittableRandom random = new SplittableRandom(3);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            float[][] x = new float[3][4];
            float[][] y = new float[3][2];
            for (int row = 0; row < 3; row++) {
                for (int column = 0; column < 4; column++) {
                    x[row][column] = (float) (random.nextDouble(-1, 1) + shift);
                }
                y[row][row % 2] = 1;
            }
            batches.add(Batch.of(Map.of("input", Nd4j.createFromArray(x), "labels", Nd4j.createFromArray(y)), 3));
        }
        return Batches.shuffled(batches);
    }

    private static Trainer.Builder trainer(AdaptedSameDiff model, double rate) {
        return Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(2)
                        .optimizer(AdamW.of(rate))
                        .seed(5)
                        .build())
                .quiet();
    }

    private static Receipt receipt(long seed, double rate, double shift) {
        AdaptedSameDiff model = model(seed);
        trainer(model, rate).build().train(batches(shift));
        return model.adapter("default").receipt().orElseThrow();
    }

    @Test
    void adapter_isSavedWithItsReceipt_andReadWithIt() throws IOException {
        AdaptedSameDiff model = model(1);
        assertThat(model.adapter("default").receipt()).isEmpty();
        trainer(model, 0.01).build().train(batches(0));
        Adapter adapter = model.adapter("default");
        adapter.save(folder);

        Receipt receipt = Receipt.read(folder.resolve(Receipt.FILE));
        assertThat(adapter.receipt()).contains(receipt);
        assertThat(Adapter.load(folder).receipt()).contains(receipt);
        assertThat(receipt.task()).isEqualTo("Trainer");
        assertThat(receipt.hashes()).containsOnlyKeys(Receipt.TRAINED, Receipt.BASE_PARAMETERS);
        assertThat(receipt.hash(Receipt.TRAINED)).contains(adapter.contentHash());
        assertThat(receipt.data().get(Receipt.TRAIN).examples()).isEqualTo(12);
        assertThat(receipt.seed()).isEqualTo(5);
        assertThat(receipt.checks()).containsExactly(RunReceipt.CHANGED);
        assertThat(receipt.result()).containsEntry("steps", 8L).containsEntry("stop_reason", "COMPLETED");
    }

    @Test
    void sameRuns_haveTheSameReceipt_andWhateverDiffersShows() {
        Receipt one = receipt(1, 0.01, 0);

        assertThat(receipt(1, 0.01, 0).contentHash()).isEqualTo(one.contentHash());
        Receipt data = receipt(1, 0.01, 0.5);
        assertThat(data.data()).isNotEqualTo(one.data());
        assertThat(data.plan()).isEqualTo(one.plan());
        Receipt start = receipt(2, 0.01, 0);
        assertThat(start.plan().get(RunReceipt.START)).isNotEqualTo(one.plan().get(RunReceipt.START));
        assertThat(start.data()).isEqualTo(one.data());
        assertThat(receipt(1, 0.02, 0).plan().get("optimizer"))
                .isNotEqualTo(one.plan().get("optimizer"));
    }

    @Test
    void adapterThatChangedSince_hasNoReceipt() {
        AdaptedSameDiff model = model(1);
        trainer(model, 0.01).build().train(batches(0));
        model.trainableParameters().get(0).value().addi(1);

        assertThat(model.adapter("default").receipt()).isEmpty();
    }

    @Test
    void runThatWasStoppedAndResumed_hasTheReceiptOfOneThatWasNot() {
        Receipt straight = receipt(1, 0.01, 0);
        for (long stop : new long[] {1, 4, 6}) {
            Path directory = folder.resolve("stop" + stop);
            Checkpoints checkpoints = Checkpoints.in(directory);
            trainer(model(1), 0.01)
                    .checkpoints(checkpoints.withUntil(stop))
                    .build()
                    .train(batches(0));
            AdaptedSameDiff resumed = model(1);
            trainer(resumed, 0.01).checkpoints(checkpoints).build().resume(batches(0));

            Receipt receipt = resumed.adapter("default").receipt().orElseThrow();
            assertThat(receipt.contentHash()).as("stopped after step %s", stop).isEqualTo(straight.contentHash());
            assertThat(receipt.run()).containsEntry(RunReceipt.CHECKPOINT_STEP, 8L);
            assertThat(Files.exists(directory.resolve(Receipt.FILE))).isFalse();
        }
    }
}
