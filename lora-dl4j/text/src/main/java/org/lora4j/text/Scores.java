/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.lora4j.pretrained.Pooling;

/** Numbers of a head as probabilities, or what else a config wants to be made of them. */
final class Scores {

    private static final Map<Pooling.Function, DoubleUnaryOperator> FUNCTIONS = Map.of(
            Pooling.Function.IDENTITY,
            DoubleUnaryOperator.identity(),
            Pooling.Function.SIGMOID,
            Scores::sigmoid,
            Pooling.Function.TANH,
            Math::tanh,
            Pooling.Function.RELU,
            x -> Math.max(x, 0),
            Pooling.Function.SILU,
            x -> x * sigmoid(x));

    private Scores() {}

    /** The functions that a score may be made by, in a fixed order. */
    static List<Pooling.Function> functions() {
        return Arrays.stream(Pooling.Function.values())
                .filter(FUNCTIONS::containsKey)
                .toList();
    }

    /** A number of a head as a score, by one of {@link #functions}. */
    static double of(Pooling.Function function, double logit) {
        return FUNCTIONS.get(function).applyAsDouble(logit);
    }

    private static double sigmoid(double logit) {
        return 1 / (1 + Math.exp(-logit));
    }

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
            scores[i] = sigmoid(logits[i]);
        }
        return scores;
    }
}
