/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.integration.datasets.WineQuality;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.tribuo.Example;
import org.tribuo.regression.Regressor;

/**
 * A network of Deeplearning4j with two hidden layers that grades wines, trained without adapters.
 *
 * @param network gives standardized grades
 * @param mean of the grades that it was trained on
 * @param deviation of the grades that it was trained on
 */
record GradeNetwork(MultiLayerNetwork network, double mean, double deviation) {

    private static final int WIDTH = 256;
    private static final int BATCH = 32;
    private static final double RATE = 1e-3;

    /** Trains a network and keeps the epoch that is best on the validation part. */
    static GradeNetwork train(
            List<Example<Regressor>> wines, List<Example<Regressor>> validation, int epochs, long seed) {
        double mean = wines.stream().mapToDouble(GradeNetwork::grade).average().orElseThrow();
        double variance = wines.stream()
                .mapToDouble(wine -> Math.pow(grade(wine) - mean, 2))
                .average()
                .orElseThrow();
        GradeNetwork graded = new GradeNetwork(fresh(seed), mean, Math.sqrt(variance));
        INDArray best = null;
        double bestR2 = Double.NEGATIVE_INFINITY;
        SplittableRandom random = new SplittableRandom(seed);
        for (int epoch = 0; epoch < epochs; epoch++) {
            graded.fit(wines, random.split());
            double r2 = graded.r2(validation);
            if (r2 > bestR2) {
                bestR2 = r2;
                best = graded.network.params().dup();
            }
        }
        graded.network.setParams(best);
        return graded;
    }

    private static MultiLayerNetwork fresh(long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Adam(RATE))
                .activation(Activation.RELU)
                .l2(1e-4)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc1")
                        .nIn(WineQuality.FEATURES.size())
                        .nOut(WIDTH)
                        .build())
                .layer(new DenseLayer.Builder()
                        .name("fc2")
                        .nIn(WIDTH)
                        .nOut(WIDTH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("grade")
                        .activation(Activation.IDENTITY)
                        .nIn(WIDTH)
                        .nOut(1)
                        .build())
                .build());
        network.init();
        return network;
    }

    private void fit(List<Example<Regressor>> wines, SplittableRandom random) {
        int[] order = new int[wines.size()];
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (int from = 0; from < order.length; from += BATCH) {
            int to = Math.min(order.length, from + BATCH);
            float[][] grades = new float[to - from][1];
            List<Example<Regressor>> batch = new ArrayList<>();
            for (int i = from; i < to; i++) {
                Example<Regressor> wine = wines.get(order[i]);
                batch.add(wine);
                grades[i - from][0] = (float) ((grade(wine) - mean) / deviation);
            }
            network.fit(rows(batch), Nd4j.createFromArray(grades));
        }
    }

    static double grade(Example<Regressor> wine) {
        return wine.getOutput().getValues()[0];
    }

    private static INDArray rows(List<Example<Regressor>> wines) {
        float[][] rows = new float[wines.size()][WineQuality.FEATURES.size()];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows[i].length; j++) {
                rows[i][j] =
                        (float) wines.get(i).lookup(WineQuality.FEATURES.get(j)).getValue();
            }
        }
        return Nd4j.createFromArray(rows);
    }

    /** What the network says of wines, in grades. */
    double[] grades(List<Example<Regressor>> wines) {
        double[] grades = network.output(rows(wines), false).toDoubleVector();
        for (int i = 0; i < grades.length; i++) {
            grades[i] = grades[i] * deviation + mean;
        }
        return grades;
    }

    /** The share of the variance of the grades that the network explains. */
    double r2(List<Example<Regressor>> wines) {
        double[] found = grades(wines);
        double average =
                wines.stream().mapToDouble(GradeNetwork::grade).average().orElseThrow();
        double error = 0;
        double variance = 0;
        for (int i = 0; i < found.length; i++) {
            double grade = grade(wines.get(i));
            error += Math.pow(found[i] - grade, 2);
            variance += Math.pow(average - grade, 2);
        }
        return 1 - error / variance;
    }
}
