/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.tribuo.Feature;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * A network of Deeplearning4j with two hidden layers for the rows of a table, trained by its own {@code fit}.
 *
 * @param network the network
 * @param columns names of its inputs
 * @param labels names of its outputs
 */
public record TableNetwork(MultiLayerNetwork network, List<String> columns, List<String> labels) {

    private static final int WIDTH = 32;
    private static final int BATCH = 16;
    private static final double RATE = 3e-3;
    private static final double DECAY = 1e-3;

    /**
     * A network that has learned nothing yet.
     *
     * @param columns names of its inputs
     * @param labels names of its outputs
     * @param seed of its start
     * @return the network
     */
    public static TableNetwork fresh(List<String> columns, List<String> labels, long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Adam(RATE))
                .activation(Activation.RELU)
                .l2(DECAY)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc1")
                        .nIn(columns.size())
                        .nOut(WIDTH)
                        .build())
                .layer(new DenseLayer.Builder()
                        .name("fc2")
                        .nIn(WIDTH)
                        .nOut(WIDTH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .activation(Activation.SOFTMAX)
                        .nIn(WIDTH)
                        .nOut(labels.size())
                        .build())
                .build());
        network.init();
        return new TableNetwork(network, columns, labels);
    }

    /**
     * Another network with the same weights.
     *
     * @return a copy
     */
    public TableNetwork copy() {
        return new TableNetwork(network.clone(), columns, labels);
    }

    /**
     * Trains all weights.
     *
     * @param rows a row for each example
     * @param truth the label of each
     * @param epochs how often each is seen
     * @return this
     */
    public TableNetwork fit(float[][] rows, List<String> truth, int epochs) {
        List<Integer> all = IntStream.range(0, rows.length).boxed().toList();
        for (int epoch = 0; epoch < epochs; epoch++) {
            List<Integer> order = Draw.some(all, all.size(), epoch);
            for (int from = 0; from < rows.length; from += BATCH) {
                List<Integer> batch = order.subList(from, Math.min(rows.length, from + BATCH));
                float[][] features = batch.stream().map(i -> rows[i]).toArray(float[][]::new);
                float[][] targets = new float[batch.size()][labels.size()];
                for (int i = 0; i < targets.length; i++) {
                    targets[i][labels.indexOf(truth.get(batch.get(i)))] = 1;
                }
                network.fit(Nd4j.createFromArray(features), Nd4j.createFromArray(targets));
            }
        }
        return this;
    }

    /**
     * Probabilities of all labels.
     *
     * @param rows a row for each example
     * @return {@code [examples, labels]}, an array of its own
     */
    public INDArray probabilities(float[]... rows) {
        return network.output(Nd4j.createFromArray(rows), false).dup();
    }

    /**
     * The most probable labels.
     *
     * @param rows a row for each example
     * @return a label for each
     */
    public List<String> predict(float[]... rows) {
        return Arrays.stream(network.predict(Nd4j.createFromArray(rows)))
                .mapToObj(labels::get)
                .toList();
    }

    /**
     * What the head gets.
     *
     * @param rows a row for each example
     * @return the numbers of the last hidden layer
     */
    public float[][] hidden(float[]... rows) {
        return network.feedForward(Nd4j.createFromArray(rows), false).get(2).toFloatMatrix();
    }

    /**
     * Rows as Tribuo has them, features by the names of the inputs.
     *
     * @param rows a row for each example
     * @param truth the label of each
     * @param source where they come from, for the provenance
     * @return the data
     */
    public MutableDataset<Label> data(float[][] rows, List<String> truth, String source) {
        LabelFactory factory = new LabelFactory();
        MutableDataset<Label> data = new MutableDataset<>(new SimpleDataSourceProvenance(source, factory), factory);
        for (int i = 0; i < rows.length; i++) {
            List<Feature> features = new ArrayList<>();
            for (int j = 0; j < columns.size(); j++) {
                features.add(new Feature(columns.get(j), rows[i][j]));
            }
            data.add(new ArrayExample<>(new Label(truth.get(i)), features));
        }
        return data;
    }
}
