/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
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
 * @param batches the same as a network takes them
 */
public record SignSet(List<float[]> pictures, int[] signs, List<DataSet> batches) {

    /** What the arrays of a batch are called. */
    public static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("pictures", "signs");

    private static final int BATCH = 32;

    /**
     * As many pictures of each sign, shuffled.
     *
     * @param drawings the signs
     * @param scene under which circumstances they are seen
     * @param each how many pictures of each
     * @param seed another one gives others
     * @return the pictures
     */
    public static SignSet of(TrafficSigns drawings, SignScene scene, int each, long seed) {
        SplittableRandom random = new SplittableRandom(seed * SignScene.values().length + scene.ordinal());
        int kinds = drawings.signs().size();
        List<Integer> order = new ArrayList<>();
        IntStream.range(0, each * kinds).forEach(i -> order.add(i % kinds));
        Collections.shuffle(order, new Random(random.nextLong()));
        List<float[]> pictures = new ArrayList<>();
        order.forEach(sign -> pictures.add(scene.picture(drawings.drawing(scene.design(), sign), random)));
        List<DataSet> batches = new ArrayList<>();
        for (int from = 0; from < order.size(); from += BATCH) {
            List<float[]> some = pictures.subList(from, Math.min(order.size(), from + BATCH));
            INDArray labels = Nd4j.zeros(some.size(), kinds);
            for (int i = 0; i < some.size(); i++) {
                labels.putScalar(i, order.get(from + i), 1);
            }
            INDArray features = Nd4j.createFromArray(some.toArray(float[][]::new))
                    .reshape('c', some.size(), SignScene.CHANNELS, SignScene.SIDE, SignScene.SIDE);
            batches.add(new DataSet(features.subi(0.5).muli(4), labels));
        }
        return new SignSet(pictures, order.stream().mapToInt(sign -> sign).toArray(), batches);
    }

    /**
     * The batches for the training loop of the library.
     *
     * @return batches whose arrays are called as {@link #NAMES}
     */
    public List<Batch> named() {
        return batches.stream()
                .map(set -> Batch.of(
                        Map.of(
                                NAMES.features().get(0),
                                set.getFeatures(),
                                NAMES.labels().get(0),
                                set.getLabels()),
                        set.numExamples()))
                .toList();
    }

    /**
     * All pictures as one array.
     *
     * @return pictures, channels, rows, columns
     */
    public INDArray features() {
        return Nd4j.vstack(batches.stream().map(DataSet::getFeatures).toList());
    }

    /**
     * Which signs are right.
     *
     * @param said a sign for each picture
     * @return for each picture 1 if it is the right one, else 0
     */
    public double[] hits(int... said) {
        return IntStream.range(0, signs.length)
                .mapToDouble(i -> said[i] == signs[i] ? 1 : 0)
                .toArray();
    }
}
