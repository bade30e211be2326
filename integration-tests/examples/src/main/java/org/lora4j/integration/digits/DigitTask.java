/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;

/** The CNN that knows upright digits, and digits of another look, for programs outside of this package. */
public final class DigitTask {

    /** What the arrays of a batch are called. */
    public static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("digits", "labels");

    private static final int BATCH = 32;
    private static final int SHIFT = 1;
    /** Of each digit this many to learn from; those above 500 are held out. */
    private static final int TRAINING = 200;

    private final MultiLayerNetwork base;
    private final DigitSet training;
    private final DigitSet validation;
    private final DigitSet test;

    /**
     * Reads base and digits.
     *
     * @param onnx the CNN that PyTorch trained on MNIST
     * @param look {@code inverted}, {@code rotated} or {@code upright}
     * @throws IOException if a file is missing or damaged
     */
    public DigitTask(Path onnx, String look) throws IOException {
        base = DigitCnn.TUTORIAL.read(onnx);
        DigitSheet sheet = DigitSheet.load();
        Look seen = Look.valueOf(look.toUpperCase(Locale.ROOT));
        training = DigitSet.of(sheet.part(0, TRAINING), seen);
        validation = DigitSet.of(sheet.part(Digits.TRAINING, Digits.VALIDATION), seen);
        test = DigitSet.of(sheet.part(Digits.VALIDATION, DigitSheet.EACH), seen);
    }

    /**
     * The network with room for adapters.
     *
     * @return a model over the base, which is never changed
     */
    public AdaptedNetwork<MultiLayerNetwork> model() {
        return AdaptedNetwork.of(base);
    }

    /**
     * LoRA on all four layers and their biases.
     *
     * @param rank of all of them
     * @return the config; alpha equals the rank
     */
    public static LoraConfig config(int rank) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(rank)
                .targetModules(DigitCnn.CONV_1, DigitCnn.CONV_2, DigitCnn.DENSE_1, DigitCnn.DENSE_2)
                .bias(BiasTraining.ADAPTED_ONLY)
                .build();
    }

    /**
     * 2,000 digits in batches of 32, each moved by up to a pixel.
     *
     * @return the batches
     */
    public Batches batches() {
        return new Batches() {
            @Override
            public Iterator<Batch> epoch(int epoch, long seed) {
                return training.batches(BATCH, SHIFT, seed, epoch).stream()
                        .map(set -> Batch.of(
                                Map.of("digits", set.getFeatures(), "labels", set.getLabels()), set.numExamples()))
                        .iterator();
            }

            @Override
            public OptionalLong batchesPerEpoch() {
                return OptionalLong.of((training.size() + BATCH - 1) / BATCH);
            }
        };
    }

    /**
     * The share of 1,000 digits for choosing settings that a network tells right.
     *
     * @param network the network
     * @return 0 to 1
     */
    public double validation(MultiLayerNetwork network) {
        return validation.accuracy(validation.said(network));
    }

    /**
     * The share of 2,000 digits held out that a network tells right.
     *
     * @param network the network
     * @return 0 to 1
     */
    public double test(MultiLayerNetwork network) {
        return test.accuracy(test.said(network));
    }
}
