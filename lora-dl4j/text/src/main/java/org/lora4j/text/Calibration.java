/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Makes the probabilities of a classifier as often right as they say: their logarithms are divided by one temperature, which makes those of
 * held-out examples most likely (temperature scaling; Guo et al. 2017, arXiv:1706.04599). No answer becomes another one.
 *
 * <pre>{@code
 * Calibration calibration = Calibration.of(truth, classifier.predict(texts)); // of the validation part
 * Prediction p = calibration.apply(classifier.predict("where is my card?"));
 * }</pre>
 *
 * @param temperature above 1 if the classifier was too sure, below 1 if it was not sure enough; {@value #LOWEST} to {@value #HIGHEST}
 * @apiNote Status: experimental
 */
public record Calibration(double temperature) {

    /** The lowest temperature, which a few answers that are all right would push to 0. */
    public static final double LOWEST = 0.1;

    /** The highest temperature, at which all labels are nearly equal. */
    public static final double HIGHEST = 10;

    /** Halvings of the range, which leave less of it than a double can tell. */
    private static final int HALVINGS = 60;

    /** Probabilities of one label each add up to 1 but for rounding; of labels by themselves they seldom do. */
    private static final double ROUNDING = 1e-3;

    /**
     * Checks the temperature.
     *
     * @param temperature as in the record
     * @throws IllegalArgumentException if it is out of its range
     */
    public Calibration {
        Problems problems = new Problems();
        problems.check(
                temperature >= LOWEST && temperature <= HIGHEST,
                "temperature = " + temperature + ", expected " + LOWEST + " to " + HIGHEST);
        problems.throwIfAny("Calibration");
    }

    /**
     * Finds the temperature.
     *
     * @param truth the right label of each example; none of them learned from
     * @param predictions what the classifier says of them
     * @return the calibration
     * @throws IllegalArgumentException if there is no example, not as many of both, a right label is none of the classifier's, or the
     *     probabilities of an example do not add up to 1, as those of a classifier of several labels; the message lists every problem
     */
    public static Calibration of(List<String> truth, List<Prediction> predictions) {
        Arguments.allRequired(truth, "Calibration.of: truth", "a label");
        Arguments.allRequired(predictions, "Calibration.of: predictions", "a prediction");
        Problems problems = new Problems();
        problems.check(
                truth.size() == predictions.size() && !truth.isEmpty(),
                truth.size() + " labels and " + predictions.size() + " predictions, expected as many, one or more");
        for (int i = 0; i < Math.min(truth.size(), predictions.size()) && !problems.isFull(); i++) {
            Map<String, Double> scores = predictions.get(i).scores();
            problems.check(
                    scores.containsKey(truth.get(i)),
                    "example " + i + " has the label " + MessageText.name(truth.get(i))
                            + ", of which the classifier knows nothing");
            check("example " + i, scores, problems);
        }
        problems.throwIfAny("Calibration.of");
        double low = 1 / HIGHEST;
        double high = 1 / LOWEST;
        // The likelihood has one maximum in the inverse temperature: where the mean of the logarithms is that of the
        // right ones.
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (surplus(truth, predictions, middle) < 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return new Calibration(Math.max(LOWEST, Math.min(HIGHEST, 1 / ((low + high) / 2))));
    }

    private static void check(String where, Map<String, Double> scores, Problems problems) {
        double sum = scores.values().stream().mapToDouble(score -> score).sum();
        problems.check(
                Math.abs(sum - 1) < ROUNDING,
                where + " has probabilities that add up to " + sum
                        + ", expected 1, as of a classifier that gives one label");
    }

    /** By how much the mean logarithm of a probability, under the scaled ones, is above that of the right label. */
    private static double surplus(List<String> truth, List<Prediction> predictions, double inverse) {
        double surplus = 0;
        for (int i = 0; i < truth.size(); i++) {
            Map<String, Double> scores = predictions.get(i).scores();
            Map<String, Double> scaled = scaled(scores, inverse);
            for (Map.Entry<String, Double> score : scores.entrySet()) {
                double weight = scaled.get(score.getKey()) - (score.getKey().equals(truth.get(i)) ? 1 : 0);
                surplus += weight * logarithm(score.getValue());
            }
        }
        return surplus;
    }

    private static double logarithm(double score) {
        return Math.log(Math.max(score, Double.MIN_NORMAL));
    }

    private static Map<String, Double> scaled(Map<String, Double> scores, double inverse) {
        double most = scores.values().stream()
                .mapToDouble(Calibration::logarithm)
                .max()
                .orElse(0);
        Map<String, Double> scaled = new LinkedHashMap<>();
        scores.forEach((label, score) -> scaled.put(label, Math.exp(inverse * (logarithm(score) - most))));
        double sum = scaled.values().stream().mapToDouble(value -> value).sum();
        scaled.replaceAll((label, value) -> value / sum);
        return scaled;
    }

    /**
     * A prediction with probabilities that can be believed.
     *
     * @param prediction what the classifier says
     * @return the same labels with other probabilities, in the same order
     * @throws IllegalArgumentException if its probabilities do not add up to 1
     */
    public Prediction apply(Prediction prediction) {
        Arguments.required(prediction, "Calibration.apply: prediction", "a prediction");
        Problems problems = new Problems();
        check("the prediction", prediction.scores(), problems);
        problems.throwIfAny("Calibration.apply");
        return new Prediction(prediction.labels(), scaled(prediction.scores(), 1 / temperature));
    }

    /**
     * The same for many.
     *
     * @param predictions what the classifier says
     * @return a prediction for each
     * @throws IllegalArgumentException as {@link #apply(Prediction)}
     */
    public List<Prediction> apply(List<Prediction> predictions) {
        Arguments.allRequired(predictions, "Calibration.apply: predictions", "a prediction");
        return predictions.stream().map(this::apply).toList();
    }
}
