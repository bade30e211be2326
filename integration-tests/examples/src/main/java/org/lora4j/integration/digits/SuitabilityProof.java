/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
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

    /** Of each digit, 150 to learn from, other ones in each draw, 150 for the base's own, and 200 held out from everything. */
    private static final int LEARNED = 150;

    private static final int DRAWS = 3;
    private static final int HELD_OUT = (DRAWS + 1) * LEARNED;
    private static final int RANK = 8;
    private static final int[] RANKS = {2, RANK, 32};
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
     * @param draws how often: 1, or up to 3 with their mean
     * @param rules whether the forecasts for the looks on which the rules were fixed follow
     */
    public void run(int draws, boolean rules) {
        out.accept(
                "look | head | head on pixels | energy in rank " + RANK + " | area against upright digits | forecast");
        View.ofTheProof().forEach((name, view) -> proven(name, view, draws));
        if (rules) {
            View.ofTheRules().forEach((name, view) -> forecast(name, new Draw(view, 0)));
        }
    }

    /** The digits of a draw, what the base makes of them, and the base with a head that fits them: where every training begins. */
    private final class Draw {

        final long seed;
        final DigitSet training;
        final DigitSet heldOut;
        final DataSet features;
        final MultiLayerNetwork headed;

        Draw(View view, int draw) {
            seed = SEED + draw;
            training = DigitSet.of(view.of(sheet.part(draw * LEARNED, (draw + 1) * LEARNED)), Look.UPRIGHT);
            heldOut = DigitSet.of(view.of(sheet.part(HELD_OUT, DigitSheet.EACH)), Look.UPRIGHT);
            features = features(base, training);
            headed = headed(features, seed);
        }
    }

    /** Accuracies that were reached on digits that nobody learned from. */
    private record Reached(double inputs, double head, List<Double> ranks, double full) {

        static Reached mean(List<Reached> all) {
            return new Reached(
                    mean(all, Reached::inputs),
                    mean(all, Reached::head),
                    IntStream.range(0, RANKS.length)
                            .mapToObj(i -> mean(all, one -> one.ranks().get(i)))
                            .toList(),
                    mean(all, Reached::full));
        }

        private static double mean(List<Reached> all, ToDoubleFunction<Reached> of) {
            return all.stream().mapToDouble(of).average().orElseThrow();
        }

        String said(int examples) {
            AfterTraining after = Suitability.afterTraining(examples)
                    .inputs(inputs)
                    .head(head)
                    .full(full);
            StringBuilder numbers = new StringBuilder(String.format(Locale.ROOT, "head %.2f", 100 * head));
            for (int i = 0; i < RANKS.length; i++) {
                after.rank(RANKS[i], ranks.get(i));
                numbers.append(String.format(Locale.ROOT, " | rank %d %.2f", RANKS[i], 100 * ranks.get(i)));
            }
            return numbers
                    + String.format(
                            Locale.ROOT,
                            " | full %.2f | %s",
                            100 * full,
                            after.judge().advice().sentence());
        }
    }

    private void proven(String name, View view, int draws) {
        List<Reached> all = new ArrayList<>();
        for (int i = 0; i < draws; i++) {
            Draw draw = new Draw(view, i);
            Suitability before = forecast(name, draw);
            Reached reached = trained(draw, (double) before.advice().evidence().get("headAccuracyOnInputs"));
            out.accept("    trained: " + reached.said(draw.heldOut.size()));
            all.add(reached);
        }
        if (draws > 1) {
            out.accept(name + ", mean of " + draws + ": "
                    + Reached.mean(all)
                            .said(sheet.part(HELD_OUT, DigitSheet.EACH).images().size()));
        }
    }

    private Suitability forecast(String name, Draw draw) {
        Suitability before = forecast(draw);
        Map<String, Object> evidence = before.advice().evidence();
        out.accept(String.format(
                Locale.ROOT,
                "%s | %.1f | %.1f | %.2f | %.2f | %s",
                name,
                100 * (double) evidence.get("headAccuracy"),
                100 * (double) evidence.get("headAccuracyOnInputs"),
                (double) evidence.get("shareWithinConfig"),
                (double) evidence.get("domainArea"),
                verdict(before)));
        return before;
    }

    /** What is reached by training, each time from the head on. */
    private static Reached trained(Draw draw, double onInputs) {
        List<Double> ranks = new ArrayList<>();
        for (int rank : RANKS) {
            Recipe recipe = new Recipe(EPOCHS, BATCH, 1e-2, 0);
            AdaptedNetwork<MultiLayerNetwork> model =
                    Lora.inject(continued(draw, recipe), Recipe.config(rank, rank, rank, rank), draw.seed);
            recipe.train(model.network(), draw.training, draw.seed, unused -> {});
            ranks.add(draw.heldOut.accuracy(draw.heldOut.said(model.network())));
        }
        Recipe recipe = new Recipe(EPOCHS, BATCH, 3e-3, 0);
        MultiLayerNetwork full = continued(draw, recipe);
        recipe.train(full, draw.training, draw.seed, unused -> {});
        return new Reached(
                onInputs,
                draw.heldOut.accuracy(draw.heldOut.said(draw.headed)),
                ranks,
                draw.heldOut.accuracy(draw.heldOut.said(full)));
    }

    private static MultiLayerNetwork continued(Draw draw, Recipe recipe) {
        return DigitCnn.FULL.continued(draw.headed, recipe.rate(), recipe.updates(draw.training), draw.seed);
    }

    private static String verdict(Suitability found) {
        return found.verdict() + (found.rank().isPresent() ? " " + found.rank().getAsInt() : "");
    }

    private Suitability forecast(Draw draw) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(draw.headed);
        List<DataSet> batches = batches(draw.training);
        INDArray labels = draw.features.getLabels().argMax(1);
        int[] classes =
                IntStream.range(0, (int) labels.length()).map(labels::getInt).toArray();
        INDArray pixels = Nd4j.vstack(batches.stream()
                .map(set -> set.getFeatures().reshape(set.numExamples(), View.SIDE * View.SIDE))
                .toList());
        return Suitability.beforeTraining(rows(draw.features.getFeatures()), classes)
                .inputs(rows(pixels))
                .baseFeatures(baseFeatures)
                .gradients(
                        model,
                        model.trainable(DigitTask.NAMES),
                        Recipe.config(RANK, RANK, RANK, RANK),
                        batches.stream()
                                .map(set -> Batch.of(
                                        Map.of("digits", set.getFeatures(), "labels", set.getLabels()),
                                        set.numExamples()))
                                .toList())
                .seed(draw.seed)
                .forecast();
    }

    /** The base with a head that was fitted to the features, as every training begins. */
    private MultiLayerNetwork headed(DataSet features, long seed) {
        MultiLayerNetwork head = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
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
        MultiLayerNetwork headed = DigitCnn.FULL.continued(base, 0, 1, seed);
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
