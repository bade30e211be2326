/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.advice.AfterTraining;
import org.lora4j.advice.Suitability;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.train.Batch;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Whether the verdicts of {@link Suitability} hold: for each look of the digits what is forecast from the base, and what a head, low-rank
 * adaptation and full fine-tuning reach when they are trained. All of these start from the head.
 */
public final class SuitabilityProof {

    /** Of each digit, 150 to learn from, and 200 held out from everything. */
    private static final int LEARNED = 150;

    private static final int HELD_OUT = 600;
    private static final int RANK = 8;
    private static final int[] RANKS = {2, RANK};
    private static final int BATCH = 50;
    private static final int EPOCHS = 12;
    private static final int HEAD_STEPS = 300;
    private static final long SEED = 42;

    private final DigitSheet sheet;
    private final MultiLayerNetwork base;
    private final Consumer<String> out;
    private final float[][] baseFeatures;

    /**
     * Reads base and digits.
     *
     * @param onnx the CNN that PyTorch trained on MNIST
     * @param out takes lines
     * @throws IOException if a file is missing or damaged
     */
    public SuitabilityProof(Path onnx, Consumer<String> out) throws IOException {
        this.sheet = DigitSheet.load();
        this.base = DigitCnn.FULL.read(onnx);
        this.out = out;
        // Upright digits that nobody learns from stand for the base's own data.
        this.baseFeatures = rows(features(base, DigitSet.of(sheet.part(HELD_OUT - LEARNED, HELD_OUT), Look.UPRIGHT))
                .getFeatures());
    }

    /**
     * Runs the proof, and gives its table line by line.
     *
     * @param rules whether the forecasts for the looks on which the rules were fixed follow
     */
    public void run(boolean rules) {
        out.accept(header());
        View.ofTheProof().forEach((name, view) -> out.accept(line(name, view, true)));
        if (rules) {
            View.ofTheRules().forEach((name, view) -> out.accept(line(name, view, false)));
        }
    }

    private static String header() {
        StringBuilder ranks = new StringBuilder();
        for (int rank : RANKS) {
            ranks.append(String.format(Locale.ROOT, " | rank %d", rank));
        }
        return "look | head out of fold | head on pixels | energy in rank 8 | area | forecast | head" + ranks
                + " | full | after training";
    }

    private String line(String name, View view, boolean train) {
        DigitSet training = DigitSet.of(view.of(sheet.part(0, LEARNED)), Look.UPRIGHT);
        DigitSet heldOut = DigitSet.of(view.of(sheet.part(HELD_OUT, DigitSheet.EACH)), Look.UPRIGHT);
        DataSet features = features(base, training);
        MultiLayerNetwork headed = headed(features);
        Suitability before = forecast(features, training, headed);
        Map<String, Object> evidence = before.advice().evidence();
        String line = String.format(
                Locale.ROOT,
                "%s | %.1f | %.1f | %.2f | %.2f | %s",
                name,
                100 * (double) evidence.get("headAccuracy"),
                100 * (double) evidence.get("headAccuracyOnInputs"),
                (double) evidence.get("shareWithinConfig"),
                (double) evidence.get("domainArea"),
                verdict(before));
        return train ? line + trained(headed, training, heldOut) : line;
    }

    /** What is reached by training, each time from the head on. */
    private static String trained(MultiLayerNetwork headed, DigitSet training, DigitSet heldOut) {
        StringBuilder line = new StringBuilder();
        AfterTraining after = Suitability.afterTraining(heldOut.size());
        double head = heldOut.accuracy(heldOut.said(headed));
        after.head(head);
        line.append(String.format(Locale.ROOT, " | %.2f", 100 * head));
        for (int rank : RANKS) {
            Recipe recipe = new Recipe(EPOCHS, BATCH, 1e-2, 0);
            AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(
                    DigitCnn.FULL.continued(headed, recipe.rate(), recipe.updates(training), SEED),
                    Recipe.config(rank, rank, rank, rank),
                    SEED);
            recipe.train(model.network(), training, SEED, unused -> {});
            double reached = heldOut.accuracy(heldOut.said(model.network()));
            after.rank(rank, reached);
            line.append(String.format(Locale.ROOT, " | %.2f", 100 * reached));
        }
        Recipe recipe = new Recipe(EPOCHS, BATCH, 3e-3, 0);
        MultiLayerNetwork full = DigitCnn.FULL.continued(headed, recipe.rate(), recipe.updates(training), SEED);
        recipe.train(full, training, SEED, unused -> {});
        double reached = heldOut.accuracy(heldOut.said(full));
        after.full(reached);
        return line.append(String.format(Locale.ROOT, " | %.2f | %s", 100 * reached, verdict(after.judge())))
                .toString();
    }

    private static String verdict(Suitability found) {
        return found.verdict() + (found.rank().isPresent() ? " " + found.rank().getAsInt() : "");
    }

    private Suitability forecast(DataSet features, DigitSet training, MultiLayerNetwork headed) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(headed);
        INDArray labels = features.getLabels().argMax(1);
        int[] classes =
                IntStream.range(0, (int) labels.length()).map(labels::getInt).toArray();
        INDArray pixels = Nd4j.vstack(batches(training).stream()
                .map(set -> set.getFeatures().reshape(set.numExamples(), View.SIDE * View.SIDE))
                .toList());
        return Suitability.beforeTraining(rows(features.getFeatures()), classes)
                .inputs(rows(pixels))
                .baseFeatures(baseFeatures)
                .gradients(
                        model,
                        model.trainable(DigitTask.NAMES),
                        Recipe.config(RANK, RANK, RANK, RANK),
                        batches(training).stream()
                                .map(set -> Batch.of(
                                        Map.of("digits", set.getFeatures(), "labels", set.getLabels()),
                                        set.numExamples()))
                                .toList())
                .seed(SEED)
                .forecast();
    }

    /** The base with a head that was fitted to the features, as every training begins. */
    private MultiLayerNetwork headed(DataSet features) {
        MultiLayerNetwork head = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(new Adam(0.03))
                .l2(1e-3)
                .list()
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(features.getFeatures().columns())
                        .nOut(DigitSheet.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        head.init();
        for (int i = 0; i < HEAD_STEPS; i++) {
            head.fit(features);
        }
        MultiLayerNetwork headed = DigitCnn.FULL.continued(base, 0, 1, SEED);
        headed.getLayer(DigitCnn.DENSE_2).getParam("W").assign(head.getLayer(0).getParam("W"));
        headed.getLayer(DigitCnn.DENSE_2).getParam("b").assign(head.getLayer(0).getParam("b"));
        return headed;
    }

    private static List<DataSet> batches(DigitSet set) {
        return set.batches(BATCH, 0, SEED, 1);
    }

    /** What comes out of the first dense layer, with the labels. */
    private static DataSet features(MultiLayerNetwork network, DigitSet set) {
        List<INDArray> features = new ArrayList<>();
        List<INDArray> labels = new ArrayList<>();
        int layer = network.getLayer(DigitCnn.DENSE_1).getIndex();
        for (DataSet batch : batches(set)) {
            List<INDArray> activations = network.feedForwardToLayer(layer, batch.getFeatures(), false);
            features.add(activations.get(layer + 1).detach());
            labels.add(batch.getLabels());
        }
        return new DataSet(Nd4j.vstack(features), Nd4j.vstack(labels));
    }

    private static float[][] rows(INDArray matrix) {
        return matrix.toFloatMatrix();
    }
}
