/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A small model of each host, with an adapter and something to learn: the class is the largest of three of the features. */
enum TrialHost {
    SAME_DIFF {
        @Override
        Subject subject() {
            AdaptedSameDiff model = AdaptedSameDiff.of(graph());
            return new Subject(
                    model,
                    model,
                    input -> model.output(Map.of("input", input), "scores").get("scores"));
        }
    },
    DEEPLEARNING4J {
        @Override
        Subject subject() {
            AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network());
            return new Subject(
                    model,
                    model.trainable(DataSetPlaceholders.of("input", "labels")),
                    input -> model.network().output(input));
        }
    };

    static final int FEATURES = 6;
    static final int HIDDEN = 12;
    static final int CLASSES = 3;
    private static final int BATCH = 8;

    abstract Subject subject();

    /** A model with the adapter "mine", which has learned a little, active. */
    static final class Subject {

        final AdaptedModel model;
        final Trainable training;
        private final Function<INDArray, INDArray> scores;
        int validations;

        Subject(AdaptedModel model, Trainable training, Function<INDArray, INDArray> scores) {
            this.model = model;
            this.training = training;
            this.scores = scores;
            model.addAdapter("mine", config(2), 5);
            model.activate("mine");
        }

        Validation validation() {
            return Validation.higherIsBetter("accuracy", () -> {
                validations++;
                INDArray input = input(99, 60);
                INDArray found = scores.apply(input).argMax(1);
                INDArray expected = labels(input).argMax(1);
                int right = 0;
                for (int i = 0; i < 60; i++) {
                    right += found.getInt(i) == expected.getInt(i) ? 1 : 0;
                }
                return right / 60.0;
            });
        }

        /** All bytes that are the model's: values of adapters, base, names and states. */
        Map<String, Object> bytes() {
            Map<String, Object> bytes = new LinkedHashMap<>();
            bytes.put("names", model.adapterNames());
            bytes.put("active", model.activeAdapters());
            bytes.put("enabled", model.isEnabled());
            for (String name : model.adapterNames()) {
                bytes.put(name + " learns", model.isTrainable(name));
                model.adapter(name)
                        .modules()
                        .forEach((path, tensors) -> tensors.forEach(
                                (suffix, tensor) -> bytes.put(name + " " + path + " " + suffix, bits(tensor))));
                model.adapter(name)
                        .savedParameters()
                        .forEach((path, tensor) -> bytes.put(name + " " + path, bits(tensor)));
            }
            model.baseWeights().forEach((path, value) -> bytes.put(path, bits(value.get())));
            bytes.put("scores", bits(scores.apply(input(3, 4))));
            return bytes;
        }

        private static List<Long> bits(INDArray array) {
            List<Long> bits = new ArrayList<>();
            for (double value : array.dup('c').data().asDouble()) {
                bits.add(Double.doubleToRawLongBits(value));
            }
            return bits;
        }
    }

    static LoraConfig config(int rank) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(2 * rank)
                .targetModules("one", "two")
                .modulesToSave("head")
                .build();
    }

    static TrainingPlan plan(int epochs) {
        return TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(1e-3))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.1)))
                .seed(3)
                .build();
    }

    static Batches batches(int count) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            INDArray input = input(i, BATCH);
            batches.add(Batch.of(Map.of("input", input, "labels", labels(input)), BATCH));
        }
        return Batches.shuffled(batches);
    }

    static INDArray input(long seed, int rows) {
        return uniform(new SplittableRandom(seed), 1, rows, FEATURES);
    }

    static INDArray labels(INDArray input) {
        float[][] labels = new float[(int) input.size(0)][CLASSES];
        for (int i = 0; i < labels.length; i++) {
            int best = 0;
            for (int c = 1; c < CLASSES; c++) {
                best = input.getDouble(i, c) > input.getDouble(i, best) ? c : best;
            }
            labels[i][best] = 1;
        }
        return Nd4j.createFromArray(labels);
    }

    private static INDArray uniform(SplittableRandom random, double bound, int rows, int columns) {
        float[][] values = new float[rows][columns];
        for (float[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) random.nextDouble(-bound, bound);
            }
        }
        return Nd4j.createFromArray(values);
    }

    private static SameDiff graph() {
        SplittableRandom random = new SplittableRandom(1);
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("input", DataType.FLOAT, -1, FEATURES);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, CLASSES);
        SDVariable one = dense(sd, random, "one", input, FEATURES, HIDDEN);
        SDVariable two = dense(sd, random, "two", sd.math().tanh(one), HIDDEN, HIDDEN);
        SDVariable logits = dense(sd, random, "head", sd.math().tanh(two), HIDDEN, CLASSES);
        sd.nn().softmax("scores", logits, -1);
        sd.loss().softmaxCrossEntropy("loss", labels, logits, null);
        sd.setLossVariables("loss");
        return sd;
    }

    private static SDVariable dense(
            SameDiff sd, SplittableRandom random, String name, SDVariable x, int inputs, int outputs) {
        SDVariable weight = sd.var(name + ".weight", uniform(random, 0.5, inputs, outputs));
        SDVariable bias = sd.var(name + ".bias", Nd4j.zeros(DataType.FLOAT, outputs));
        return x.mmul(name + "/product", weight).add(name + "/output", bias);
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(0.01))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("one")
                        .nIn(FEATURES)
                        .nOut(HIDDEN)
                        .build())
                .layer(new DenseLayer.Builder()
                        .name("two")
                        .nIn(HIDDEN)
                        .nOut(HIDDEN)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(HIDDEN)
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }
}
