/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.train.ScoreInterval;
import org.lora4j.train.ShuffledIndices;

/**
 * How much better one model scores than another on the same examples, and how sure that is: the jackknife that leaves out one group of
 * examples after the other (Kott 2001, The Delete-a-Group Jackknife), which serves every score alike. The interval is at least as wide
 * as what one example counts for, since two models that agree on a few examples may differ on others.
 */
final class ScoreGain {

    private static final int MOST_GROUPS = 20;

    /** Student's t for 95 %, by degrees of freedom less 1. */
    private static final double[] QUANTILES = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093
    };

    private ScoreGain() {}

    /**
     * The gain of a second model over a first.
     *
     * @param examples what should have come out
     * @param first what the first model gave
     * @return score of the second less that of the first
     */
    static ScoreInterval of(HeadTask task, List<EncodedText> examples, float[][] first, float[][] second, long seed) {
        int count = examples.size();
        int groups = Math.min(MOST_GROUPS, count);
        double gain = task.score(examples, second) - task.score(examples, first);
        int[] order = ShuffledIndices.of(count, seed, 0);
        double[] without = new double[groups];
        double mean = 0;
        for (int group = 0; group < groups && groups > 1; group++) {
            without[group] = gain(task, examples, first, second, order, group, groups);
            mean += without[group] / groups;
        }
        double squares = 0;
        for (double value : without) {
            squares += (value - mean) * (value - mean);
        }
        double deviation = Math.sqrt(squares * (groups - 1) / groups);
        double half = Math.max(1.0 / count, groups > 1 ? QUANTILES[groups - 2] * deviation : 0);
        return new ScoreInterval(gain, gain - half, gain + half);
    }

    private static double gain(
            HeadTask task,
            List<EncodedText> examples,
            float[][] first,
            float[][] second,
            int[] order,
            int left,
            int groups) {
        List<EncodedText> kept = new ArrayList<>();
        List<float[]> ofFirst = new ArrayList<>();
        List<float[]> ofSecond = new ArrayList<>();
        for (int i = 0; i < order.length; i++) {
            if (i % groups != left) {
                kept.add(examples.get(order[i]));
                ofFirst.add(first[order[i]]);
                ofSecond.add(second[order[i]]);
            }
        }
        return task.score(kept, ofSecond.toArray(float[][]::new)) - task.score(kept, ofFirst.toArray(float[][]::new));
    }
}
