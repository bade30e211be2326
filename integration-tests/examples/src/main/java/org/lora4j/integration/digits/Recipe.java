/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.dataset.DataSet;

/**
 * How something is learned.
 *
 * @param epochs passes over the digits
 * @param batch digits of a step
 * @param rate learning rate of the first steps; it falls in stairs
 * @param shift most pixels by which a digit is moved, so that fewer digits teach more
 */
record Recipe(int epochs, int batch, double rate, int shift) {

    private static final List<String> LAYERS =
            List.of(DigitCnn.CONV_1, DigitCnn.CONV_2, DigitCnn.DENSE_1, DigitCnn.DENSE_2);

    /** Steps in all. */
    int updates(DigitSet set) {
        return epochs * ((set.size() + batch - 1) / batch);
    }

    /** Trains a stock network, adapted or not: the code knows of no adapter. Returns the seconds it took. */
    double train(MultiLayerNetwork network, DigitSet set, long seed, Consumer<String> out) {
        SplittableRandom seeds = new SplittableRandom(seed);
        long shuffling = seeds.nextLong();
        long start = System.nanoTime();
        for (int epoch = 1; epoch <= epochs; epoch++) {
            double loss = 0;
            List<DataSet> batches = set.batches(batch, shift, shuffling, epoch);
            for (DataSet each : batches) {
                network.fit(each);
                loss += network.score() / batches.size();
            }
            out.accept(String.format(
                    Locale.ROOT,
                    "epoch %d/%d  loss %.4f  %.0f s",
                    epoch,
                    epochs,
                    loss,
                    (System.nanoTime() - start) / 1e9));
        }
        return (System.nanoTime() - start) / 1e9;
    }

    /**
     * An adapter on all four layers and their biases. Each factor pair has the scale 1: alpha equals the rank.
     *
     * @param ranks rank for each layer, from the image to the scores
     */
    static LoraConfig config(int... ranks) {
        Map<String, Integer> rankPattern = new LinkedHashMap<>();
        Map<String, Double> alphaPattern = new LinkedHashMap<>();
        for (int i = 0; i < ranks.length; i++) {
            rankPattern.put(LAYERS.get(i), ranks[i]);
            alphaPattern.put(LAYERS.get(i), (double) ranks[i]);
        }
        return LoraConfig.builder()
                .targetModules(LAYERS.toArray(String[]::new))
                .rankPattern(rankPattern)
                .alphaPattern(alphaPattern)
                .bias(BiasTraining.ADAPTED_ONLY)
                .build();
    }
}
