/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.train.Batch;
import org.lora4j.train.DataSetPlaceholders;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Pictures of signs.
 *
 * @param pictures pixels of each, from 0 to 1
 * @param signs the number of the sign on each
 * @param kinds how many signs there are
 */
record SignSet(List<float[]> pictures, List<Integer> signs, int kinds) {

    /** What the arrays of a batch are called. */
    static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("pictures", "signs");

    private static final int BATCH = 32;

    /** As many pictures of each sign, shuffled. Another seed gives others. */
    static SignSet of(SignDrawings drawings, Scene scene, int each, long seed) {
        SplittableRandom random = new SplittableRandom(seed * Scene.values().length + scene.ordinal());
        int kinds = drawings.signs().size();
        List<Integer> signs = new ArrayList<>(IntStream.range(0, each * kinds).mapToObj(i -> i % kinds).toList());
        for (int i = signs.size() - 1; i > 0; i--) {
            Collections.swap(signs, i, random.nextInt(i + 1));
        }
        List<float[]> pictures = new ArrayList<>();
        signs.forEach(sign -> pictures.add(scene.picture(drawings.drawing(scene.design(), sign), random)));
        return new SignSet(pictures, signs, kinds);
    }

    int size() {
        return signs.size();
    }

    /** Some of them. */
    SignSet only(List<Integer> places) {
        return new SignSet(
                places.stream().map(pictures::get).toList(), places.stream().map(signs::get).toList(), kinds);
    }

    /** All of them as a network takes them, in batches. */
    List<DataSet> dataSets() {
        List<DataSet> sets = new ArrayList<>();
        for (int from = 0; from < size(); from += BATCH) {
            int to = Math.min(size(), from + BATCH);
            INDArray labels = Nd4j.zeros(to - from, kinds);
            for (int i = from; i < to; i++) {
                labels.putScalar(i - from, signs.get(i), 1);
            }
            INDArray features = Nd4j.createFromArray(pictures.subList(from, to).toArray(float[][]::new))
                    .reshape('c', to - from, Scene.CHANNELS, Scene.SIDE, Scene.SIDE);
            sets.add(new DataSet(features.subi(0.5).muli(4), labels));
        }
        return sets;
    }

    /** The same for the training loop of the library. */
    List<Batch> batches() {
        return dataSets().stream()
                .map(set -> Batch.of(
                        Map.of(NAMES.features().get(0), set.getFeatures(), NAMES.labels().get(0), set.getLabels()),
                        set.numExamples()))
                .toList();
    }

    /** Probabilities of all signs for each picture. */
    INDArray said(MultiLayerNetwork network) {
        return Nd4j.vstack(dataSets().stream()
                .map(set -> network.output(set.getFeatures()).dup())
                .toList());
    }

    /** For each picture 1 if the most probable sign is the right one, else 0. */
    double[] hits(INDArray said) {
        INDArray best = said.argMax(1);
        return IntStream.range(0, size())
                .mapToDouble(i -> best.getInt(i) == signs.get(i) ? 1 : 0)
                .toArray();
    }

    /** The share that a network tells right. */
    double accuracy(MultiLayerNetwork network) {
        return Arrays.stream(hits(said(network))).average().orElseThrow();
    }
}
