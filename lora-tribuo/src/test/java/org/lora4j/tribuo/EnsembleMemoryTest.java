/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.tribuo.Dataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.ensemble.VotingCombiner;
import org.tribuo.ensemble.BaggingTrainer;
import org.tribuo.ensemble.WeightedEnsembleModel;

/** What an ensemble of adapters takes of the machine's memory, in a process of its own. */
class EnsembleMemoryTest {

    private static final int WIDTH = 4096;
    private static final Path STATUS = Path.of("/proc/self/status");

    @TempDir
    private Path folder;

    /** The other process. */
    static final class Worker {

        private Worker() {}

        /** Arguments: the number of members, the file for the result: bytes before the training and after. */
        public static void main(String[] arguments) throws IOException, InterruptedException {
            BaseNetwork base = BaseNetwork.of(network());
            Dataset<Label> data = Data.corners(4, 1, "a", "b", "c");
            LoraTrainer<Label> trainer = LoraTrainer.builder(base, new LabelConverter())
                    .inputs(new DenseInputConverter(Bases.FEATURES))
                    .spec(new LoraSpec(4, 8))
                    .epochs(1)
                    .build();
            // So that what is loaded once does not count.
            trainer.train(data).predict(data);
            long before = resident();
            WeightedEnsembleModel<Label> ensemble = (WeightedEnsembleModel<Label>)
                    new BaggingTrainer<>(trainer, new VotingCombiner(), Integer.parseInt(arguments[0])).train(data);
            ensemble.predict(data);
            Files.writeString(Path.of(arguments[1]), before + " " + resident());
            ensemble.predict(data);
        }

        private static MultiLayerNetwork network() {
            MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .seed(1)
                    .activation(Activation.TANH)
                    .list()
                    .layer(new DenseLayer.Builder().nIn(4).nOut(WIDTH).build())
                    .layer(new DenseLayer.Builder().nIn(WIDTH).nOut(WIDTH).build())
                    .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                            .activation(Activation.SOFTMAX)
                            .nIn(WIDTH)
                            .nOut(3)
                            .build())
                    .build());
            network.init();
            return network;
        }

        /** After the collector, and what deallocators do behind it. */
        private static long resident() throws IOException, InterruptedException {
            for (int i = 0; i < 4; i++) {
                System.gc();
                Thread.sleep(100);
            }
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Tag("thorough")
    @Test
    void bagging_ofEightAdapters_takesLessThanASecondCopyOfTheBase() throws Exception {
        assumeTrue(Files.exists(STATUS), "skipped: no " + STATUS);
        Path result = folder.resolve("result");
        Process worker = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Worker.class.getName(),
                        "8",
                        result.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        assertThat(worker.waitFor(3, TimeUnit.MINUTES)).isTrue();
        assertThat(worker.exitValue()).withFailMessage(() -> log()).isZero();

        String[] resident = Files.readString(result).split(" ");
        long grown = Long.parseLong(resident[1]) - Long.parseLong(resident[0]);
        long base = 4L * WIDTH * WIDTH;
        System.out.printf(
                Locale.ROOT,
                "8 members beside a base of %d MB: %d MB, in all %d MB%n",
                base >> 20,
                grown >> 20,
                Long.parseLong(resident[1]) >> 20);
        assertThat(grown).isLessThan(base);
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
