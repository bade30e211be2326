/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataParts.Part;
import org.lora4j.advice.DataReport.LabelErrors;
import org.lora4j.advice.DataReport.LearningCurve;
import org.lora4j.advice.DataReport.Point;
import org.lora4j.advice.DataReport.SuspectLabel;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.advice.ConfidentLearning;
import org.lora4j.internal.advice.Folds;
import org.lora4j.internal.advice.GrowthCurve;
import org.lora4j.internal.advice.OutOfFold;
import org.lora4j.train.Progress;

/** The questions that heads answer which did not learn from the rows they judge: label errors, learning curve. */
final class HeadQuestions {

    private static final String LABEL_ERRORS = "label errors";
    private static final String LEARNING_CURVE = "learning curve";

    private static final double FEW_WRONG = 0.01;
    private static final double MANY_WRONG = 0.05;

    /** With fewer rows the accuracy is known to seven points or worse. */
    private static final int FEWEST_ROWS = 50;

    /** A gain in accuracy that is worth the work, and standard errors by which it is believed. */
    private static final double WORTH = 0.005;

    private static final double SURE = 2;

    private final DataAdvisor settings;
    private final List<String> classes = new ArrayList<>();
    private final SortedMap<String, Integer> tooSmall = new TreeMap<>();
    private final Optional<String> reason;
    private final Judged judged;

    /** The rows of classes that are large enough, and what heads say of them that learned from others. */
    private record Judged(int[] rows, int[] labels, float[][] features, Folds folds, OutOfFold heads) {

        double accuracy() {
            long right = IntStream.range(0, rows.length)
                    .filter(i -> heads.choice(i) == labels[i])
                    .count();
            return (double) right / rows.length;
        }
    }

    HeadQuestions(DataAdvisor settings, Part train, SortedMap<String, Integer> sizes, Progress progress) {
        this.settings = settings;
        sizes.forEach((label, size) -> {
            if (size < settings.folds()) {
                tooSmall.put(label, size);
            } else {
                classes.add(label);
            }
        });
        this.reason = reason(train);
        this.judged = reason.isEmpty() ? judge(train, progress) : null;
    }

    /** Why nothing can be said. */
    private Optional<String> reason(Part train) {
        for (int i = 0; i < train.size(); i++) {
            int count = train.labels().get(i).size();
            if (count != 1) {
                return Optional.of("train[" + i + "] has " + count + " labels, and heads judge rows of one label each");
            }
        }
        return classes.size() < 2 ? Optional.of(smallClasses()) : Optional.empty();
    }

    private String smallClasses() {
        String first = tooSmall.firstKey();
        return tooSmall.size() == 1
                ? "class " + MessageText.name(first) + " has " + examples(tooSmall.get(first)) + " and "
                        + settings.folds() + " folds need " + settings.folds()
                : tooSmall.size() + " classes have fewer examples than the " + settings.folds()
                        + " that as many folds need: " + Problems.quoted(tooSmall.keySet());
    }

    private static String examples(int count) {
        return count + (count == 1 ? " example" : " examples");
    }

    private Judged judge(Part train, Progress progress) {
        int[] rows = IntStream.range(0, train.size())
                .filter(i -> !tooSmall.containsKey(train.labels().get(i).get(0)))
                .toArray();
        int[] labels = IntStream.of(rows)
                .map(i ->
                        Collections.binarySearch(classes, train.labels().get(i).get(0)))
                .toArray();
        float[][] features = IntStream.of(rows).mapToObj(i -> train.rows()[i]).toArray(float[][]::new);
        Folds folds = Folds.of(labels, settings.folds(), settings.seed());
        return new Judged(
                rows, labels, features, folds, OutOfFold.of(features, labels, classes.size(), folds, progress));
    }

    LabelErrors labelErrors() {
        if (reason.isPresent()) {
            return new LabelErrors(Advice.cannotBeSaid(LABEL_ERRORS, reason.get()), 0, List.of());
        }
        int count = judged.rows().length;
        ConfidentLearning learning = new ConfidentLearning(judged.heads().probabilities(), judged.labels());
        List<SuspectLabel> ranking = learning.ranking().stream()
                .map(i -> new SuspectLabel(
                        judged.rows()[i],
                        classes.get(judged.labels()[i]),
                        classes.get(learning.otherChoice(i)),
                        learning.selfConfidence(i),
                        learning.margin(i)))
                .toList();
        int wrong = (int) Math.round(learning.wrong());
        double share = learning.wrong() / count;
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("examined", count);
        evidence.put("wrong", wrong);
        evidence.put("share", share);
        evidence.put("outOfFoldAccuracy", judged.accuracy());
        evidence.put("suspectsConfidence", confidence(wrong, ranking));
        evidence.put("folds", settings.folds());
        evidence.put("cost", judged.heads().cost());
        evidence.put("confused", confused(learning));
        evidence.put(
                "first",
                ranking.stream()
                        .limit(Math.min(wrong, DataExamination.LISTED))
                        .map(HeadQuestions::values)
                        .toList());
        if (!tooSmall.isEmpty()) {
            evidence.put("notExamined", DataExamination.names(tooSmall.keySet()));
        }
        Answer answer = share < FEW_WRONG ? Answer.GOOD : share < MANY_WRONG ? Answer.CONSIDER : Answer.PROBLEM;
        return new LabelErrors(new Advice(LABEL_ERRORS, answer, sentence(wrong, ranking), evidence), wrong, ranking);
    }

    private String sentence(int wrong, List<SuspectLabel> ranking) {
        String sentence = wrong == 0
                ? "None of " + ranking.size() + " labels looks wrong to a head that is right in "
                        + percent(judged.accuracy()) + " of the labels that it did not learn from."
                : DataExamination.count(wrong, ranking.size(), "labels") + " look wrong to a head that is right in "
                        + percent(judged.accuracy())
                        + " of the labels that it did not learn from. How sure: it gives the labels"
                        + " of these suspects " + percent(confidence(wrong, ranking))
                        + " on average, so expect about as many of them to be right. Read them in their order, the surest first: row "
                        + ranking.get(0).row() + ", "
                        + MessageText.name(ranking.get(0).label()) + ", which looks like "
                        + MessageText.name(ranking.get(0).suggested()) + ".";
        return tooSmall.isEmpty()
                ? sentence
                : sentence + " Of others it cannot be said, because " + smallClasses() + ".";
    }

    private static double confidence(int wrong, List<SuspectLabel> ranking) {
        return ranking.stream()
                .limit(wrong)
                .mapToDouble(SuspectLabel::selfConfidence)
                .average()
                .orElse(0);
    }

    private static String percent(double share) {
        return DataExamination.format("%.1f %%", 100 * share);
    }

    private static Map<String, Object> values(SuspectLabel suspect) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("row", suspect.row());
        values.put("label", MessageText.value(suspect.label()));
        values.put("suggested", MessageText.value(suspect.suggested()));
        values.put("selfConfidence", suspect.selfConfidence());
        values.put("margin", suspect.margin());
        return values;
    }

    /** The labels that are taken for others most often. */
    private List<Map<String, Object>> confused(ConfidentLearning learning) {
        List<Map<String, Object>> pairs = new ArrayList<>();
        for (int given = 0; given < classes.size(); given++) {
            for (int counted = 0; counted < classes.size(); counted++) {
                int count = learning.joint(given, counted);
                if (given != counted && count > 0) {
                    Map<String, Object> pair = new LinkedHashMap<>();
                    pair.put("label", MessageText.value(classes.get(given)));
                    pair.put("looksLike", MessageText.value(classes.get(counted)));
                    pair.put("count", count);
                    pairs.add(pair);
                }
            }
        }
        return pairs.stream()
                .sorted(Comparator.comparingInt(pair -> -(int) pair.get("count")))
                .limit(DataExamination.LISTED)
                .toList();
    }

    LearningCurve learningCurve() {
        if (reason.isPresent()) {
            return new LearningCurve(Advice.cannotBeSaid(LEARNING_CURVE, reason.get()), List.of());
        }
        int count = judged.rows().length;
        if (count < FEWEST_ROWS) {
            return new LearningCurve(
                    Advice.cannotBeSaid(
                            LEARNING_CURVE, count + " examples are too few, " + FEWEST_ROWS + " would be enough"),
                    List.of());
        }
        GrowthCurve curve = GrowthCurve.of(
                judged.features(), judged.labels(), classes.size(), judged.folds(), judged.heads(), settings.seed());
        List<Point> points = IntStream.range(0, curve.sizes().length)
                .mapToObj(i -> new Point(curve.sizes()[i], curve.accuracies()[i]))
                .toList();
        return new LearningCurve(advice(curve, points), points);
    }

    private static Advice advice(GrowthCurve curve, List<Point> points) {
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put(
                "points",
                points.stream()
                        .map(point -> Map.of("examples", point.examples(), "accuracy", point.accuracy()))
                        .toList());
        evidence.put("lastGain", curve.gain());
        evidence.put("lastGainError", curve.gainError());
        Point last = points.get(points.size() - 1);
        Point half = points.get(points.size() - 2);
        String measured = DataExamination.format(
                "a head on the frozen base is right in %.1f %% with %d examples and in %.1f %% with %d",
                100 * half.accuracy(), half.examples(), 100 * last.accuracy(), last.examples());
        double sure = SURE * curve.gainError();
        if (curve.gain() > sure && curve.nextGain() >= WORTH) {
            evidence.put("nextGain", curve.nextGain());
            return new Advice(
                    LEARNING_CURVE,
                    Answer.CONSIDER,
                    DataExamination.format(
                            "More data would help: %s; twice as many would give up to about %.1f points more.",
                            measured, 100 * curve.nextGain()),
                    evidence);
        }
        if (curve.gain() + sure < 2 * WORTH || curve.gain() > sure) {
            return new Advice(
                    LEARNING_CURVE,
                    Answer.GOOD,
                    "More data of this kind would hardly help: " + measured + ".",
                    evidence);
        }
        return Advice.cannotBeSaid(
                LEARNING_CURVE,
                DataExamination.format(
                        "the last doubling of the data changed the accuracy by %.1f points, give or take %.1f",
                        100 * curve.gain(), 100 * sure));
    }
}
