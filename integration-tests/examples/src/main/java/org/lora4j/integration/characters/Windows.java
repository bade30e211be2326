/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Cuts a text into batches: features are symbols as one-hot columns, labels the symbols after them. */
final class Windows {

    private Windows() {}

    /**
     * Stretches that begin at random places.
     *
     * @return features and labels [examples, {@link Alphabet#SIZE}, length]
     */
    static DataSet random(int[] text, int examples, int length, SplittableRandom random) {
        int[] starts = new int[examples];
        for (int i = 0; i < examples; i++) {
            starts[i] = random.nextInt(text.length - length);
        }
        return batch(text, starts, length);
    }

    /** Stretches that follow one another from the beginning. */
    static DataSet first(int[] text, int examples, int length) {
        if ((long) examples * length >= text.length) {
            throw new IllegalArgumentException("the text has " + text.length + " symbols; expected more than "
                    + (long) examples * length + ". Give a longer one.");
        }
        int[] starts = new int[examples];
        for (int i = 0; i < examples; i++) {
            starts[i] = i * length;
        }
        return batch(text, starts, length);
    }

    /** One symbol of one example, [1, {@link Alphabet#SIZE}]: a step of time for {@code rnnTimeStep}. */
    static INDArray oneHot(int symbol) {
        INDArray column = Nd4j.create(DataType.FLOAT, 1, Alphabet.SIZE);
        column.putScalar(0, symbol, 1);
        return column;
    }

    private static DataSet batch(int[] text, int[] starts, int length) {
        long[] shape = {starts.length, Alphabet.SIZE, length};
        INDArray features = Nd4j.create(DataType.FLOAT, shape, 'f');
        INDArray labels = Nd4j.create(DataType.FLOAT, shape, 'f');
        for (int example = 0; example < starts.length; example++) {
            for (int i = 0; i < length; i++) {
                features.putScalar(new long[] {example, text[starts[example] + i], i}, 1);
                labels.putScalar(new long[] {example, text[starts[example] + i + 1], i}, 1);
            }
        }
        return new DataSet(features, labels);
    }
}
