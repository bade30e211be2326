/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.List;
import org.lora4j.train.ValidationAnswers;

/**
 * Numbers of a head for the validation part, as listeners see them.
 *
 * @param task what the head is to learn
 * @param examples the validation part
 * @param logits what came out for it
 * @apiNote Status: internal
 */
record HeadAnswers(HeadTask task, List<EncodedText> examples, float[][] logits) implements ValidationAnswers {

    @Override
    public int size() {
        return examples.size();
    }

    /** Of an example with a result for each token the mean over those that have one. */
    @Override
    public double loss(int example) {
        float[] target = examples.get(example).target();
        int outputs = task.outputs();
        double sum = 0;
        int rows = 0;
        for (int from = 0; from < target.length; from += outputs) {
            float[] row = Arrays.copyOfRange(target, from, from + outputs);
            if (task.kind().isPerToken() && isZero(row)) {
                continue;
            }
            double[] z = new double[outputs];
            for (int j = 0; j < outputs; j++) {
                z[j] = logits[example][from + j];
            }
            sum += task.kind().loss(z, row, new double[outputs]);
            rows++;
        }
        return rows == 0 ? 0 : sum / rows;
    }

    private static boolean isZero(float[] row) {
        for (float value : row) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String right(int example) {
        float[] target = examples.get(example).target();
        return task.inWords(target, target);
    }

    @Override
    public String given(int example) {
        return task.inWords(examples.get(example).target(), logits[example]);
    }

    @Override
    public String input(int example) {
        return task.input(example);
    }
}
