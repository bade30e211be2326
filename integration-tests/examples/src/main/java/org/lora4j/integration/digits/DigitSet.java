/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.train.ShuffledIndices;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Digits in one look, as a network takes them: brightness normalized as for MNIST, [examples, 1, side, side]. */
final class DigitSet {

    /** Mean and deviation of MNIST's training images, which the base in the file was trained with. */
    private static final float MEAN = 0.1307f;

    private static final float DEVIATION = 0.3081f;

    /** So many digits at a time when they are only looked at. */
    private static final int LOOKED_AT = 500;

    private final float[][] images;
    private final int side;

    private DigitSet(float[][] images, int side) {
        this.images = images;
        this.side = side;
    }

    static DigitSet of(DigitSheet sheet, Look look) {
        int side = sheet.side();
        float[][] images = new float[sheet.images().size()][side * side];
        for (int i = 0; i < images.length; i++) {
            for (int place = 0; place < side * side; place++) {
                float brightness = look.brightness(sheet.images().get(i), side, place / side, place % side);
                images[i][place] = (brightness - MEAN) / DEVIATION;
            }
        }
        return new DigitSet(images, side);
    }

    int size() {
        return images.length;
    }

    /**
     * All digits in the order of an epoch, in batches.
     *
     * @param size digits of a batch
     * @param shift most pixels by which a digit is moved up or down and left or right, another way in each epoch
     * @param seed source of the order and of the shifts
     * @param epoch number of the epoch
     */
    List<DataSet> batches(int size, int shift, long seed, int epoch) {
        int[] order = ShuffledIndices.of(images.length, seed, epoch);
        SplittableRandom random = new SplittableRandom(seed + epoch);
        List<DataSet> batches = new ArrayList<>();
        for (int from = 0; from < order.length; from += size) {
            batches.add(batch(order, from, Math.min(order.length, from + size), shift, random));
        }
        return batches;
    }

    private DataSet batch(int[] order, int from, int to, int shift, SplittableRandom random) {
        INDArray labels = Nd4j.zeros(to - from, DigitSheet.CLASSES);
        float[][] chosen = new float[to - from][];
        for (int i = from; i < to; i++) {
            chosen[i - from] =
                    moved(images[order[i]], random.nextInt(-shift, shift + 1), random.nextInt(-shift, shift + 1));
            labels.putScalar(i - from, order[i] % DigitSheet.CLASSES, 1);
        }
        return new DataSet(features(chosen), labels);
    }

    /** What comes in at an edge looks like the edge. */
    private float[] moved(float[] image, int down, int right) {
        float[] moved = new float[image.length];
        for (int place = 0; place < moved.length; place++) {
            int row = Math.max(0, Math.min(side - 1, place / side - down));
            int column = Math.max(0, Math.min(side - 1, place % side - right));
            moved[place] = image[row * side + column];
        }
        return moved;
    }

    private INDArray features(float[][] chosen) {
        return Nd4j.createFromArray(chosen)
                .reshape('c', chosen.length, 1, side, side)
                .dup('c');
    }

    /** What a network says of every digit, [examples, 10]. */
    INDArray said(MultiLayerNetwork network) {
        List<INDArray> parts = new ArrayList<>();
        for (int from = 0; from < images.length; from += LOOKED_AT) {
            int to = Math.min(images.length, from + LOOKED_AT);
            parts.add(network.output(features(Arrays.copyOfRange(images, from, to))));
        }
        return Nd4j.vstack(parts);
    }

    /** The share of digits that were told right. */
    double accuracy(INDArray said) {
        INDArray told = said.argMax(1);
        int right = 0;
        for (int i = 0; i < images.length; i++) {
            if (told.getInt(i) == i % DigitSheet.CLASSES) {
                right++;
            }
        }
        return (double) right / images.length;
    }
}
