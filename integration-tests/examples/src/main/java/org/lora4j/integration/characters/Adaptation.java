/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;

/**
 * LoRA and full fine-tuning side by side: both see the same batches in turn, so a machine that is busy with something else
 * is busy for both.
 */
final class Adaptation {

    private static final int REPORTS = 5;

    private final List<Double> loraSeconds = new ArrayList<>();
    private final List<Double> fullSeconds = new ArrayList<>();

    void train(
            MultiLayerNetwork lora, MultiLayerNetwork full, int[] text, int batches, long seed, Consumer<String> out) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 1; i <= batches; i++) {
            DataSet batch = Windows.random(text, CharacterBase.EXAMPLES, CharacterBase.LENGTH, random);
            loraSeconds.add(seconds(lora, batch));
            fullSeconds.add(seconds(full, batch));
            if (i % Math.max(1, batches / REPORTS) == 0) {
                out.accept(String.format(
                        Locale.ROOT,
                        "batch %d of %d: loss %.3f with LoRA, %.3f with full fine-tuning",
                        i,
                        batches,
                        lora.score() / CharacterLstm.STRETCH,
                        full.score() / CharacterLstm.STRETCH));
            }
        }
    }

    private static double seconds(MultiLayerNetwork network, DataSet batch) {
        long start = System.nanoTime();
        network.fit(batch);
        return (System.nanoTime() - start) / 1e9;
    }

    double loraStepSeconds() {
        return median(loraSeconds);
    }

    double fullStepSeconds() {
        return median(fullSeconds);
    }

    /** The median over the batches of how much longer or shorter LoRA took than full fine-tuning did. */
    double stepRatio() {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < loraSeconds.size(); i++) {
            ratios.add(loraSeconds.get(i) / fullSeconds.get(i));
        }
        return median(ratios);
    }

    static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
