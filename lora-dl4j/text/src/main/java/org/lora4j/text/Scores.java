/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

/** Numbers of a head as probabilities. */
final class Scores {

    private Scores() {}

    static double[] softmax(float[] logits) {
        double most = Double.NEGATIVE_INFINITY;
        for (float value : logits) {
            most = Math.max(most, value);
        }
        double sum = 0;
        double[] scores = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            scores[i] = Math.exp(logits[i] - most);
            sum += scores[i];
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= sum;
        }
        return scores;
    }

    static double[] sigmoid(float[] logits) {
        double[] scores = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            scores[i] = 1 / (1 + Math.exp(-logits[i]));
        }
        return scores;
    }
}
