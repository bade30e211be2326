/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.dossier.Replay;
import org.lora4j.dossier.ReplayVerdict;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.trust.Receipt;
import org.tribuo.Dataset;
import org.tribuo.Feature;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;

/** What a trainer leaves with its model, and that it can be trained again: by this class as a program, too. */
class ReceiptTest {

    private static final int PATIENCE_SECONDS = 300;

    @TempDir
    private Path folder;

    private static LoraModel<Label> train(Dataset<Label> data, double rate) {
        return LoraTrainer.builder(BaseNetwork.of(Bases.mlp(4, 3, 1)), new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .spec(new LoraSpec(2, 4))
                .learningRate(rate)
                .validationFraction(0.25)
                .epochs(3)
                .build()
                .train(data);
    }

    private static Dataset<Label> data() {
        return Data.corners(7, 1, "a", "b", "c");
    }

    @Test
    void model_carriesItsReceipt_toTheDirectoryAndThroughItsProto() throws IOException {
        LoraModel<Label> model = train(data(), 0.02);
        Receipt receipt = model.receipt().orElseThrow();

        assertThat(receipt.task()).isEqualTo("LoraTrainer");
        assertThat(receipt.hashes())
                .containsEntry(Receipt.BASE, model.baseContentHash())
                .containsEntry(Receipt.TRAINED, model.adapter().contentHash());
        assertThat(receipt.data().get(Receipt.TRAIN).examples()).isEqualTo(16);
        assertThat(receipt.data().get(Receipt.VALIDATION).examples()).isEqualTo(5);
        assertThat(receipt.libraries()).containsKey("tribuo");
        assertThat(train(data(), 0.02).receipt().orElseThrow().contentHash()).isEqualTo(receipt.contentHash());

        model.exportAdapter(folder.resolve("adapter"));
        assertThat(Adapter.load(folder.resolve("adapter")).receipt()).contains(receipt);
        Model<?> again = Model.deserialize(model.serialize());
        assertThat(((LoraModel<?>) again).receipt()).contains(receipt);
    }

    @Test
    void runOfAnotherProcess_isTheSameInEveryBit_andAnotherExampleIsNamed() throws Exception {
        Path recorded = folder.resolve("recorded");
        Path log = folder.resolve("log.txt");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dorg.bytedeco.javacpp.maxbytes=512M",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=3G",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReceiptTest.class.getName(),
                        recorded.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("the other process ends")
                .isTrue();
        assertThat(child.exitValue()).as(Files.readString(log)).isZero();

        ReplayVerdict same = Replay.of(recorded).run(to -> train(data(), 0.02).exportAdapter(to));
        assertThat(same.outcome()).as(same.toString()).isEqualTo(ReplayVerdict.Outcome.SAME_BITS);

        MutableDataset<Label> changed = Data.corners(7, 1, "a", "b", "c");
        changed.getExample(3).set(new Feature("A", 0.125));
        assertThat(Replay.of(recorded)
                        .run(to -> train(changed, 0.02).exportAdapter(to))
                        .toString())
                .contains("are others");
        assertThat(Replay.of(recorded)
                        .run(to -> train(data(), 0.021).exportAdapter(to))
                        .toString())
                .contains("the plan optimizer was");
    }

    public static void main(String[] arguments) throws IOException {
        train(data(), 0.02).exportAdapter(Path.of(arguments[0]));
    }
}
