/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The arrays that a decoder's graph eats: token ids, and what follows from the mask alone: positions, the cosines and sines
 * of rotations, and for each window what is added to scores, 0 where a token sees another and {@value #UNSEEN} where not.
 *
 * @apiNote Status: internal
 */
public final class DecoderInputs {

    /** {@code [batch, length]}, INT32. */
    public static final String INPUT_IDS = "input_ids";
    /** {@code [batch, length]}, INT32, of models with a table of positions. */
    public static final String POSITION_IDS = "position_ids";

    /** Softmax turns it into an exact 0, without the NaN that an infinity makes where a token sees nothing. */
    static final double UNSEEN = -1e9;

    private DecoderInputs() {}

    /** What is added to scores, {@code [batch, 1, length, length]}. */
    static String scores(OptionalInt window) {
        return window.isPresent() ? "attention_scores.window" + window.getAsInt() : "attention_scores";
    }

    /** The cosines of a rotation, {@code [batch, 1, length, size / 2]}. */
    static String cosines(int rotation) {
        return "rotation" + rotation + ".cosines";
    }

    /** The sines of a rotation, likewise. */
    static String sines(int rotation) {
        return "rotation" + rotation + ".sines";
    }

    /**
     * The arrays for a batch.
     *
     * @param config the model
     * @param type FLOAT, or DOUBLE for a graph of that type
     * @param ids token ids, rows of equal length
     * @param mask 1 for tokens, 0 for padding, of the same shape
     * @param positions the position of each token, counted by {@link #positions} or by the caller
     * @return placeholders by name
     */
    public static Map<String, INDArray> of(
            DecoderConfig config, DataType type, int[][] ids, int[][] mask, int[][] positions) {
        int batch = ids.length;
        int length = ids[0].length;
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put(INPUT_IDS, Nd4j.createFromArray(ids));
        if (config.family().has(DecoderPart.POSITIONS)) {
            inputs.put(POSITION_IDS, Nd4j.createFromArray(positions));
        }
        List<Rotation> rotations = config.rotations();
        for (int r = 0; r < rotations.size(); r++) {
            int half = rotations.get(r).size() / 2;
            double[] cosines = new double[batch * length * half];
            double[] sines = new double[cosines.length];
            for (int b = 0; b < batch; b++) {
                for (int t = 0; t < length; t++) {
                    rotations.get(r).at(positions[b][t], length, cosines, sines, (b * length + t) * half);
                }
            }
            long[] shape = {batch, 1, length, half};
            inputs.put(cosines(r), Nd4j.createFromArray(cosines).castTo(type).reshape(shape));
            inputs.put(sines(r), Nd4j.createFromArray(sines).castTo(type).reshape(shape));
        }
        config.layers().stream()
                .map(DecoderLayer::window)
                .distinct()
                .forEach(window -> inputs.put(scores(window), scores(type, mask, window)));
        return inputs;
    }

    /**
     * Positions as generation counts them: from 0 at the first token that is no padding.
     *
     * @param mask 1 for tokens, 0 for padding
     * @return a position for each; that of padding has no effect
     */
    public static int[][] positions(int[][] mask) {
        int[][] positions = new int[mask.length][];
        for (int b = 0; b < mask.length; b++) {
            positions[b] = new int[mask[b].length];
            int next = 0;
            for (int t = 0; t < mask[b].length; t++) {
                positions[b][t] = mask[b][t] == 0 ? 0 : next++;
            }
        }
        return positions;
    }

    private static INDArray scores(DataType type, int[][] mask, OptionalInt window) {
        int length = mask[0].length;
        double[][][][] scores = new double[mask.length][1][length][length];
        for (int b = 0; b < mask.length; b++) {
            for (int i = 0; i < length; i++) {
                for (int j = 0; j < length; j++) {
                    // Padding sees itself: scores of UNSEEN alone have no softmax in DOUBLE.
                    boolean sees =
                            (mask[b][j] != 0 || i == j) && j <= i && (window.isEmpty() || j > i - window.getAsInt());
                    scores[b][0][i][j] = sees ? 0 : UNSEEN;
                }
            }
        }
        return Nd4j.createFromArray(scores).castTo(type);
    }
}
