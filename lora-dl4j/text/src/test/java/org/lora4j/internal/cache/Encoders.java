/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A small encoder of two layers, ways to train it, and batches. */
final class Encoders {

    static final int CLASSES = 3;
    private static final EncoderConfig CONFIG = EncoderConfig.bert(2, 12, 3, 20, 30, 16, 2);
    private static final int BATCHES = 4;
    private static final int ROWS = 4;
    private static final int LENGTH = 6;

    private Encoders() {}

    static SameDiff graph() {
        return EncoderClassifier.create(EncoderWeights.random(CONFIG, 5, DataType.FLOAT), Pooling.MEAN, CLASSES, 6)
                .graph();
    }

    /** Adapters where an expression says, with a trained head. */
    static Trainable adapted(String modules, double dropout) {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .dropout(dropout)
                .targetModules(ModuleSelector.regex(modules))
                .modulesToSave(EncoderClassifier.HEAD)
                .build();
        return DefaultAdapter.fresh(AdaptedSameDiff.of(graph()), config, 7);
    }

    static Trainable head() {
        return TrainableGraph.of(
                graph(), List.of(EncoderClassifier.HEAD + ".weight", EncoderClassifier.HEAD + ".bias"));
    }

    /** Batches with padding of two lengths. */
    static List<Batch> batches() {
        SplittableRandom random = new SplittableRandom(8);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(batch(random, LENGTH - i % 2));
        }
        return batches;
    }

    private static Batch batch(SplittableRandom random, int length) {
        int[][] ids = new int[ROWS][length];
        float[][] mask = new float[ROWS][length];
        float[][] labels = new float[ROWS][CLASSES];
        for (int row = 0; row < ROWS; row++) {
            labels[row][random.nextInt(CLASSES)] = 1;
            for (int token = 0; token < length - row % 2; token++) {
                ids[row][token] = 1 + random.nextInt(CONFIG.vocabulary() - 1);
                mask[row][token] = 1;
            }
        }
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        arrays.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
        arrays.put(EncoderClassifier.LABELS, Nd4j.createFromArray(labels));
        return Batch.of(arrays, ROWS);
    }

    static TrainingPlan plan(int epochs) {
        return TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(1e-2))
                .seed(9)
                .build();
    }
}
