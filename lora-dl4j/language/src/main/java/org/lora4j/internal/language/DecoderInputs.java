/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The arrays that a decoder's graph eats: token ids, and what follows from the mask (or the sequences of a row) alone: positions, the cosines and sines
 * of rotations, and for each window what is added to scores, 0 where a token sees another and {@value #UNSEEN} where not.
 *
 * @apiNote Status: internal
 */
public final class DecoderInputs {

    /** {@code [batch, length]}, INT32. */
    public static final String INPUT_IDS = "input_ids";
    /** {@code [batch, length]}, INT32, of models with a table of positions. */
    public static final String POSITION_IDS = "position_ids";

    /** The token that should follow each, {@code [batch, length]}, INT32; for the loss. */
    public static final String TARGET_IDS = "target_ids";
    /** The share of each in the loss, {@code [batch, length]}, 0 where there is no target. */
    public static final String TARGET_WEIGHTS = "target_weights";

    /** Label of a token that is not to be learned, as in Python. */
    public static final int IGNORED = -100;

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
     * @param type FLOAT, or DOUBLE for a graph of that type
     * @param ids token ids, rows of equal length
     * @param segments of the same shape: 0 for padding, and equal numbers for the tokens of one sequence, which see each other
     *     and no other; a mask of ones is one sequence a row
     * @param positions the position of each token, counted by {@link #positions} or by the caller
     * @return placeholders by name
     * @throws IllegalArgumentException if rows are empty, of different lengths or longer than the context, or an id is none
     *     of the vocabulary; the message lists every problem
     */
    public static Map<String, INDArray> of(
            DecoderConfig config, DataType type, int[][] ids, int[][] segments, int[][] positions) {
        check(config, ids, segments);
        int batch = ids.length;
        int length = ids[0].length;
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put(INPUT_IDS, Nd4j.createFromArray(ids));
        if (config.family().has(DecoderPart.POSITIONS)) {
            inputs.put(POSITION_IDS, Nd4j.createFromArray(positions));
        }
        int[][] lengths = lengths(segments, positions);
        List<Rotation> rotations = config.rotations();
        for (int r = 0; r < rotations.size(); r++) {
            int half = rotations.get(r).size() / 2;
            double[] cosines = new double[batch * length * half];
            double[] sines = new double[cosines.length];
            for (int b = 0; b < batch; b++) {
                for (int t = 0; t < length; t++) {
                    rotations.get(r).at(positions[b][t], lengths[b][t], cosines, sines, (b * length + t) * half);
                }
            }
            long[] shape = {batch, 1, length, half};
            inputs.put(cosines(r), Nd4j.createFromArray(cosines).castTo(type).reshape(shape));
            inputs.put(sines(r), Nd4j.createFromArray(sines).castTo(type).reshape(shape));
        }
        config.layers().stream()
                .map(DecoderLayer::window)
                .distinct()
                .forEach(window -> inputs.put(scores(window), scores(type, segments, window)));
        return inputs;
    }

    /** For each token how long its sequence is, which some rotations depend on. */
    private static int[][] lengths(int[][] segments, int[][] positions) {
        int[][] lengths = new int[segments.length][];
        for (int b = 0; b < segments.length; b++) {
            Map<Integer, Integer> longest = new HashMap<>();
            for (int t = 0; t < segments[b].length; t++) {
                longest.merge(segments[b][t], positions[b][t] + 1, Math::max);
            }
            lengths[b] = Arrays.stream(segments[b]).map(longest::get).toArray();
        }
        return lengths;
    }

    private static void check(DecoderConfig config, int[][] ids, int[][] segments) {
        Problems problems = new Problems();
        problems.check(
                ids.length > 0 && segments.length == ids.length,
                "there are " + ids.length + " rows of ids and " + segments.length
                        + " of the mask, expected as many, 1 or more");
        for (int b = 0; b < ids.length && problems.isEmpty(); b++) {
            problems.check(
                    ids[b].length == ids[0].length && segments[b].length == ids[0].length,
                    "row " + b + " has " + ids[b].length + " ids and " + segments[b].length + " of the mask, expected "
                            + ids[0].length + " as in row 0; pad the shorter ones and mask the padding");
            problems.check(
                    ids[b].length > 0 && ids[b].length <= config.context(),
                    "row " + b + " has " + ids[b].length + " tokens, expected 1 to the context of " + config.context());
            for (int t = 0; t < ids[b].length; t++) {
                if (ids[b][t] < 0 || ids[b][t] >= config.vocabulary()) {
                    problems.add("ids[" + b + "][" + t + "] = " + ids[b][t] + ", expected 0 to "
                            + (config.vocabulary() - 1) + ", the vocabulary has " + config.vocabulary());
                }
            }
        }
        if (problems.isEmpty()) {
            long length = ids[0].length;
            long widest = config.rotations().stream()
                    .mapToLong(rotation -> rotation.size() / 2)
                    .max()
                    .orElse(0);
            long numbers = ids.length * length * Math.max(length, widest);
            problems.check(
                    numbers <= Integer.MAX_VALUE,
                    ids.length + " rows of " + length + " tokens make " + numbers
                            + " numbers of attention, expected at most " + Integer.MAX_VALUE
                            + "; give fewer rows at a time, or shorter ones");
        }
        problems.throwIfAny("ids");
    }

    /**
     * Positions as generation counts them: from 0 at the first token of each sequence.
     *
     * @param segments 0 for padding, and equal numbers for the tokens of one sequence; a mask of ones is one sequence a row
     * @return a position for each; that of padding has no effect
     */
    public static int[][] positions(int[][] segments) {
        int[][] positions = new int[segments.length][];
        for (int b = 0; b < segments.length; b++) {
            positions[b] = new int[segments[b].length];
            int segment = 0;
            int next = 0;
            for (int t = 0; t < segments[b].length; t++) {
                if (segments[b][t] != 0) {
                    next = segments[b][t] == segment ? next : 0;
                    segment = segments[b][t];
                    positions[b][t] = next++;
                }
            }
        }
        return positions;
    }

    /**
     * The arrays of a loss that is the mean over all labels.
     *
     * @param type as for {@link #of}
     * @param labels for each token its own id, or {@link #IGNORED}: it is the target of the token before it
     * @return placeholders by name
     */
    public static Map<String, INDArray> targets(DataType type, int[][] labels) {
        int[][] ids = new int[labels.length][labels[0].length];
        double[][] weights = new double[labels.length][labels[0].length];
        int count = 0;
        for (int b = 0; b < labels.length; b++) {
            for (int t = 0; t + 1 < labels[b].length; t++) {
                if (labels[b][t + 1] != IGNORED) {
                    ids[b][t] = labels[b][t + 1];
                    weights[b][t] = 1;
                    count++;
                }
            }
        }
        return Map.of(
                TARGET_IDS,
                Nd4j.createFromArray(ids),
                TARGET_WEIGHTS,
                Nd4j.createFromArray(weights).div(Math.max(1, count)).castTo(type));
    }

    private static INDArray scores(DataType type, int[][] segments, OptionalInt window) {
        int length = segments[0].length;
        float[] scores = new float[segments.length * length * length];
        Arrays.fill(scores, (float) UNSEEN);
        for (int b = 0; b < segments.length; b++) {
            for (int i = 0; i < length; i++) {
                int row = (b * length + i) * length;
                int first = window.isEmpty() ? 0 : Math.max(0, i - window.getAsInt() + 1);
                for (int j = first; j <= i && segments[b][i] != 0; j++) {
                    if (segments[b][j] == segments[b][i]) {
                        scores[row + j] = 0;
                    }
                }
                // Padding sees itself: scores of UNSEEN alone have no softmax in DOUBLE.
                scores[row + i] = 0;
            }
        }
        return Nd4j.createFromArray(scores).castTo(type).reshape(segments.length, 1, length, length);
    }
}
