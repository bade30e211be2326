/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The influence of examples against the formula written out with inverses of matrices, and what is refused. */
class DataInfTest {

    @TempDir
    Path folder;

    /** Gradients are in single precision. */
    private static final double SINGLE = 1e-4;

    private static final int CLASSES = 3;

    private static INDArray random(long seed, long... shape) {
        Random random = new Random(seed);
        int length =
                (int) IntStream.range(0, shape.length).mapToLong(i -> shape[i]).reduce(1, (a, b) -> a * b);
        return Nd4j.create(random.doubles(length, -1, 1).toArray(), shape, 'c').castTo(DataType.FLOAT);
    }

    private static INDArray labels(int... classes) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, classes.length, CLASSES);
        for (int i = 0; i < classes.length; i++) {
            labels.putScalar(i, classes[i], 1);
        }
        return labels;
    }

    private static AdaptedSameDiff model(double dropout) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable hidden = sd.math().tanh(x.mmul(sd.var("first.weight", random(1, 4, 5))));
        SDVariable logits = hidden.mmul("logits", sd.var("second.weight", random(2, 5, CLASSES)));
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, CLASSES);
        sd.loss().softmaxCrossEntropy("loss", labels, logits, sd.constant("one", Nd4j.scalar(1f)));
        sd.setLossVariables("loss");
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .dropout(dropout)
                .targetModules("first", "second")
                .build();
        AdaptedSameDiff model = Lora.inject(sd, config, 3);
        long seed = 10;
        for (TrainableParameter parameter : model.trainableParameters()) {
            parameter.value().addi(random(seed++, parameter.value().shape()));
        }
        return model;
    }

    private static Batch batch(long seed, int... classes) {
        return Batch.of(Map.of("x", random(seed, classes.length, 4), "labels", labels(classes)), classes.length);
    }

    private static List<double[]> gradients(AdaptedSameDiff model, Batch batch, int row) {
        Map<String, INDArray> one = Map.of(
                "x", batch.placeholders().get("x").getRow(row, true).dup(),
                "labels", batch.placeholders().get("labels").getRow(row, true).dup());
        LossAndGradients pass = model.executor().gradients(one, 0);
        return model.trainableParameters().stream()
                .map(parameter -> pass.gradients()
                        .get(parameter.name())
                        .ravel()
                        .castTo(DataType.DOUBLE)
                        .toDoubleVector())
                .toList();
    }

    /** Equation 5 before Sherman and Morrison: the mean of the inverses of {@code g g' + lambda I}, block by block. */
    private static double[] explicit(List<List<double[]>> train, List<List<double[]>> on) {
        int n = train.size();
        double[] influence = new double[n];
        for (int block = 0; block < train.get(0).size(); block++) {
            int size = train.get(0).get(block).length;
            double[] v = new double[size];
            for (List<double[]> one : on) {
                for (int j = 0; j < size; j++) {
                    v[j] += one.get(block)[j] / on.size();
                }
            }
            double lambda = 0;
            for (List<double[]> one : train) {
                lambda += 0.1 * dot(one.get(block), one.get(block)) / size / n;
            }
            for (List<double[]> one : train) {
                double[] solved = solved(one.get(block), lambda, v);
                for (int k = 0; k < n; k++) {
                    influence[k] -= dot(solved, train.get(k).get(block)) / n;
                }
            }
        }
        return influence;
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }

    /** {@code (g g' + lambda I) x = v} by Gaussian elimination with pivots. */
    private static double[] solved(double[] g, double lambda, double[] v) {
        int size = v.length;
        double[][] rows = new double[size][size + 1];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                rows[i][j] = g[i] * g[j] + (i == j ? lambda : 0);
            }
            rows[i][size] = v[i];
        }
        for (int column = 0; column < size; column++) {
            int pivot = column;
            for (int i = column + 1; i < size; i++) {
                pivot = Math.abs(rows[i][column]) > Math.abs(rows[pivot][column]) ? i : pivot;
            }
            double[] swapped = rows[column];
            rows[column] = rows[pivot];
            rows[pivot] = swapped;
            for (int i = 0; i < size; i++) {
                double factor = i == column ? 0 : rows[i][column] / rows[column][column];
                for (int j = column; factor != 0 && j <= size; j++) {
                    rows[i][j] -= factor * rows[column][j];
                }
            }
        }
        double[] solved = new double[size];
        for (int i = 0; i < size; i++) {
            solved[i] = rows[i][size] / rows[i][i];
        }
        return solved;
    }

    private static void assertSame(double[] found, double[] expected) {
        double scale = IntStream.range(0, expected.length)
                .mapToDouble(i -> Math.abs(expected[i]))
                .max()
                .orElseThrow();
        assertThat(found).containsExactly(expected, within(SINGLE * scale));
    }

    @Test
    void ofAGraph_equalsTheExplicitFormula_keptOrComputedAgain() {
        AdaptedSameDiff model = model(0);
        Batch train = batch(20, 0, 1, 2, 0, 1, 2, 1);
        Batch validation = batch(21, 2, 0, 1);
        List<List<double[]>> gradients =
                IntStream.range(0, 7).mapToObj(i -> gradients(model, train, i)).toList();
        List<List<double[]>> on = IntStream.range(0, 3)
                .mapToObj(i -> gradients(model, validation, i))
                .toList();
        double[] expected = explicit(gradients, on);

        DataInf<Batch> dataInf = DataInf.of(model, List.of(train));

        assertSame(dataInf.on(List.of(validation)).values(), expected);
        assertSame(dataInf.memory(0).on(List.of(validation)).values(), expected);
        assertSame(
                DataInf.of(model, Batches.inOrder(List.of(train)))
                        .on(List.of(validation))
                        .values(),
                expected);
        double[] own = new double[7];
        for (int k = 0; k < 7; k++) {
            own[k] = explicit(gradients, List.of(gradients.get(k)))[k];
        }
        assertSame(dataInf.onItself().values(), own);
    }

    @Test
    void aGraphWithDropout_isAskedWithoutIt_andNotChanged() {
        AdaptedSameDiff plain = model(0);
        AdaptedSameDiff dropping = model(0.5);
        Batch train = batch(20, 0, 1, 2, 0);
        List<INDArray> before = dropping.trainableParameters().stream()
                .map(parameter -> parameter.value().dup())
                .toList();

        double[] found = DataInf.of(dropping, List.of(train)).on(List.of(train)).values();

        assertSame(found, DataInf.of(plain, List.of(train)).on(List.of(train)).values());
        assertThat(dropping.trainableParameters().stream()
                        .map(TrainableParameter::value)
                        .toList())
                .isEqualTo(before);
    }

    @Test
    void ofANetworkOfLayers_equalsTheExplicitFormula_andNothingChanges() {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(5)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(5).name("first").build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nIn(5)
                        .nOut(CLASSES)
                        .name("last")
                        .build())
                .build());
        base.init();
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(
                base,
                LoraConfig.builder().rank(2).targetModules("first", "last").build(),
                3);
        DataSet train = new DataSet(random(30, 6, 4), labels(0, 1, 2, 0, 1, 2));
        DataSet validation = new DataSet(random(31, 2, 4), labels(1, 2));
        model.network().fit(train);
        INDArray values = model.network().params().dup();
        int iterations = model.network().getIterationCount();
        double[] expected = explicit(gradients(model, train), gradients(model, validation));

        double[] found = DataInf.of(model, train).on(validation.asList()).values();

        assertSame(found, expected);
        assertSame(
                DataInf.of(model, train.toMultiDataSet())
                        .on(validation.toMultiDataSet().asList())
                        .values(),
                expected);
        assertThat(model.network().params()).isEqualTo(values);
        assertThat(model.network().getIterationCount()).isEqualTo(iterations);
    }

    private static List<List<double[]>> gradients(AdaptedNetwork<MultiLayerNetwork> model, DataSet data) {
        List<List<double[]>> rows = new ArrayList<>();
        for (DataSet one : data.asList()) {
            MultiLayerNetwork network = model.network();
            network.setInput(one.getFeatures());
            network.setLabels(one.getLabels());
            network.computeGradientAndScore();
            List<double[]> blocks = new ArrayList<>();
            network.gradient().gradientForVariable().forEach((name, gradient) -> {
                assertThat(name).matches("[01]_W[AB]0");
                blocks.add(gradient.ravel().castTo(DataType.DOUBLE).toDoubleVector());
            });
            rows.add(blocks);
        }
        return rows;
    }

    /** A loaded task does not learn, and its gradients are the same. */
    private double[] ofALoaded(
            TextClassifier classifier, TextEncoder encoder, List<LabeledText> train, List<LabeledText> validation)
            throws IOException {
        classifier.save(folder);
        try (TextClassifier loaded = TextClassifier.load(folder, encoder)) {
            double[] values = DataInf.of(loaded, train).on(validation).values();
            assertThat(loaded.model().isTrainable("default")).isFalse();
            return values;
        }
    }

    @Test
    void ofATextTask_wrongLabelsAreHarmful_andExamplesComeBack() throws IOException {
        TextEncoder encoder = TinyEncoder.create();
        List<LabeledText> train = new ArrayList<>(TinyEncoder.reviews(80, 1));
        for (int i = 0; i < 4; i++) {
            LabeledText right = train.get(i);
            train.set(i, new LabeledText(right.text(), right.labels().contains("positive") ? "negative" : "positive"));
        }
        List<LabeledText> validation = TinyEncoder.reviews(40, 2);
        TextClassifier classifier =
                TextClassifier.builder(encoder).epochs(6).build().fit(train, validation);

        Influence<LabeledText> influence = DataInf.of(classifier, train).on(validation);

        // Each wrong label against each right one: how often the wrong one is the more harmful.
        double[] values = influence.values();
        long before = IntStream.range(0, 4)
                .mapToLong(wrong -> IntStream.range(4, 80)
                        .filter(right -> values[wrong] > values[right])
                        .count())
                .sum();
        assertThat(before / (4.0 * 76)).isGreaterThan(0.7);
        assertThat(influence.mostHarmful(1).get(0).example())
                .isEqualTo(train.get(influence.mostHarmful(1).get(0).index()));
        assertThat(influence.mostHelpful(3))
                .allSatisfy(ranked -> assertThat(ranked.influence()).isNegative());
        assertThat(influence.toString()).contains("those that raise the loss:");
        // Gradients are added up in another order where another graph multiplies.
        assertSame(ofALoaded(classifier, encoder, train, validation), values);
        assertThatThrownBy(() -> influence.mostHarmful(0)).hasMessageContaining("count = 0");
        assertThatThrownBy(() -> DataInf.of(classifier, List.of(new LabeledText("a film", "neutral"), train.get(0))))
                .hasMessageContaining("neutral");
        TextClassifier head = TextClassifier.builder(encoder).headOnly().build().fit(train, validation);
        assertThatThrownBy(() -> DataInf.of(head, train)).hasMessageContaining("expected an adapter");
        head.close();
        classifier.close();
        encoder.close();
    }

    @Test
    void whatIsTooLittleOrNoNumber_isToldTogether() {
        AdaptedSameDiff model = model(0);
        Batch bad = batch(20, 0, 1, 2, 0);
        bad.placeholders().get("x").putScalar(1, 2, Double.NaN);
        bad.placeholders().get("x").putScalar(3, 2, Double.NaN);

        assertThatThrownBy(() -> DataInf.of(model, List.of(bad)).on(List.of(batch(21, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("train[1] has a gradient that is not finite")
                .hasMessageContaining("train[3]");
        assertThatThrownBy(() -> DataInf.of(model, List.of(batch(20, 1))))
                .hasMessageContaining("cannot be said, because there is 1");
        assertThatThrownBy(() -> DataInf.of(model, List.<Batch>of())).hasMessageContaining("because there is none");
        DataInf<Batch> dataInf = DataInf.of(model, List.of(batch(20, 0, 1, 2)));
        assertThatThrownBy(() -> dataInf.on(List.of())).hasMessageContaining("no examples to ask for");
        assertThatThrownBy(() -> dataInf.memory(-1)).hasMessageContaining("memory = -1");
        assertThatThrownBy(() -> dataInf.memory(0).onItself()).hasMessageContaining("not kept");
        Batch two = new Batch(Map.of("x", random(1, 2, 4), "labels", labels(0)), 2, 2, false);
        assertThatThrownBy(() -> DataInf.of(model, List.of(two)))
                .hasMessageContaining("train[0] has 2 examples, but not each array as many rows");
        model.setTrainable("default", false);
        assertThatThrownBy(() -> DataInf.of(model, List.of(batch(20, 0, 1, 2))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is trainable");
    }

    @Test
    void gradientsThatAreAllZero_tellNothing() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable z = x.mmul("z", sd.var("only.weight", random(1, 4, 2)));
        z.mul(0).mean("loss");
        sd.setLossVariables("loss");
        AdaptedSameDiff model = Lora.inject(
                sd, LoraConfig.builder().rank(1).targetModules("only").build(), 3);

        Batch batch = Batch.of(Map.of("x", random(1, 3, 4)), 3);
        assertThatThrownBy(() -> DataInf.of(model, List.of(batch)).on(List.of(batch)))
                .hasMessageContaining("cannot be said, because all gradients of the 2 factors are 0");
    }
}
