/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataParts.Part;
import org.lora4j.advice.DataReport.Shift;
import org.lora4j.advice.DataReport.TellingFeature;
import org.lora4j.advice.DataReport.TellingWord;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.advice.DomainClassifier;
import org.lora4j.internal.advice.Folds;
import org.lora4j.internal.advice.StandardRows;
import org.lora4j.internal.advice.TellingWords;
import org.lora4j.random.RandomStreams;

/** Whether the data to be served is like the training data. */
final class ShiftQuestion {

    private static final String SHIFT = "shift";

    /** With fewer rows only a shift that anybody sees would be found. */
    private static final int FEWEST_ROWS = 20;

    /** More rows of a part tell nothing new. */
    private static final int MOST_ROWS = 2_500;

    /** The null is given up at one in a thousand (one-sided), and an area below is too little to act upon. */
    private static final double SURE = 3.09;

    private static final double SMALL = 0.6;
    private static final double LARGE = 0.8;
    private static final int SHOWN = 10;

    private final DataAdvisor settings;
    private final Part train;
    private final Part served;

    ShiftQuestion(DataAdvisor settings, DataParts parts) {
        this.settings = settings;
        this.train = parts.train();
        this.served = parts.served();
    }

    Shift shift() {
        int fewest = Math.max(FEWEST_ROWS, settings.folds());
        if (served.size() == 0) {
            return unknown("no data to be served was given");
        }
        if (Math.min(train.size(), served.size()) < fewest) {
            return unknown(train.size() + " training rows and " + served.size() + " rows to be served are too few, "
                    + fewest + " of each would be enough");
        }
        int[] fromTrain = some(train, "shift of train");
        int[] fromServed = some(served, "shift of served");
        float[][] both = rows(fromTrain, fromServed);
        boolean[] isServed = new boolean[both.length];
        Arrays.fill(isServed, fromTrain.length, both.length, true);
        DomainClassifier classifier = DomainClassifier.of(both, isServed, settings.folds(), settings.seed());
        boolean found = classifier.deviations() > SURE && classifier.area() >= SMALL;
        List<TellingFeature> features = found ? features(both, fromTrain.length) : List.of();
        List<TellingWord> words = found && train.hasTexts() ? words() : List.of();
        List<Integer> foreign = found ? mostForeign(classifier.scores(), fromTrain.length, fromServed) : List.of();
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("area", classifier.area());
        evidence.put("deviationsAboveChance", classifier.deviations());
        evidence.put("trainRows", fromTrain.length);
        evidence.put("servedRows", fromServed.length);
        if (found) {
            evidence.put(
                    "features", features.stream().map(ShiftQuestion::values).toList());
            evidence.put("words", words.stream().map(ShiftQuestion::values).toList());
            evidence.put("mostForeign", foreign);
        }
        Answer answer = !found ? Answer.GOOD : classifier.area() < LARGE ? Answer.CONSIDER : Answer.PROBLEM;
        return new Shift(
                new Advice(SHIFT, answer, sentence(found, classifier, words), evidence),
                OptionalDouble.of(classifier.area()),
                features,
                words,
                foreign);
    }

    private static Shift unknown(String because) {
        return new Shift(Advice.cannotBeSaid(SHIFT, because), OptionalDouble.empty(), List.of(), List.of(), List.of());
    }

    private static String sentence(boolean found, DomainClassifier classifier, List<TellingWord> words) {
        String measured = DataExamination.format("(area under the curve %.3f, where 0.5 is chance)", classifier.area());
        if (!found) {
            return "The data to be served looks like the training data " + measured + ".";
        }
        List<String> more = words.stream()
                .filter(word -> word.deviations() > 0)
                .map(TellingWord::word)
                .toList();
        return "The data to be served can be told from the training data " + measured
                + (more.isEmpty() ? "" : ", by words such as " + Problems.quoted(more))
                + ". Label some of it and learn from that, too.";
    }

    private int[] some(Part part, String stream) {
        int[] order = Folds.shuffled(part.size(), RandomStreams.of(settings.seed(), stream));
        int[] some = Arrays.copyOf(order, Math.min(MOST_ROWS, order.length));
        Arrays.sort(some);
        return some;
    }

    private float[][] rows(int[] fromTrain, int[] fromServed) {
        float[][] both = IntStream.concat(
                        IntStream.of(fromTrain), IntStream.of(fromServed).map(i -> -1 - i))
                .mapToObj(i -> i >= 0 ? train.given()[i] : served.given()[-1 - i])
                .toArray(float[][]::new);
        return new StandardRows(both).of(both);
    }

    /** Differences of the means; rows are in units of both parts together. */
    private static List<TellingFeature> features(float[][] both, int ofTrain) {
        double[] differences = new double[both[0].length];
        for (int i = 0; i < both.length; i++) {
            double share = i < ofTrain ? -1.0 / ofTrain : 1.0 / (both.length - ofTrain);
            for (int j = 0; j < differences.length; j++) {
                differences[j] += share * both[i][j];
            }
        }
        return IntStream.range(0, differences.length)
                .mapToObj(j -> new TellingFeature(j, differences[j]))
                .sorted(Comparator.comparingDouble(one -> -Math.abs(one.difference())))
                .limit(SHOWN)
                .toList();
    }

    private List<TellingWord> words() {
        return TellingWords.of(train.plain(), served.plain(), SURE, SHOWN).stream()
                .map(word -> new TellingWord(word.word(), word.first(), word.second(), word.deviations()))
                .toList();
    }

    private static List<Integer> mostForeign(double[] scores, int ofTrain, int[] fromServed) {
        return IntStream.range(0, fromServed.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -scores[ofTrain + i]))
                .limit(SHOWN)
                .map(i -> fromServed[i])
                .toList();
    }

    private static Map<String, Object> values(TellingFeature feature) {
        return Map.of("index", feature.index(), "difference", feature.difference());
    }

    private static Map<String, Object> values(TellingWord word) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("word", MessageText.value(word.word()));
        values.put("train", word.train());
        values.put("served", word.served());
        values.put("deviations", word.deviations());
        return values;
    }
}
