/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataParts.Part;
import org.lora4j.advice.DataReport.ClassSizes;
import org.lora4j.advice.DataReport.CutTexts;
import org.lora4j.advice.DataReport.Imbalance;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.train.Progress;

/** One examination: the questions that a count answers; the others have classes of their own. */
final class DataExamination {

    /** How many rows or names the evidence of an answer lists; all of them are in the values beside it. */
    static final int LISTED = 20;

    private static final double UNEVEN = 10;
    private static final double VERY_UNEVEN = 100;
    private static final double MANY_CUT = 0.2;

    private final DataAdvisor settings;
    private final DataParts parts;
    private final Progress progress;

    DataExamination(DataAdvisor settings, DataParts parts, Progress progress) {
        this.settings = settings;
        this.parts = parts;
        this.progress = progress;
    }

    DataReport report() {
        SortedMap<String, Integer> sizes = sizes(parts.train().labels());
        HeadQuestions heads = new HeadQuestions(settings, parts.train(), sizes, progress);
        LikenessQuestions likeness = new LikenessQuestions(parts, settings.nearDuplicate(), settings.seed(), progress);
        return new DataReport(
                classSizes(sizes),
                imbalance(sizes),
                heads.labelErrors(),
                likeness.duplicates(),
                likeness.leakage(),
                likeness.outliers(),
                cutTexts(),
                new ShiftQuestion(settings, parts).shift(),
                heads.learningCurve());
    }

    private static SortedMap<String, Integer> sizes(List<List<String>> labels) {
        SortedMap<String, Integer> sizes = new TreeMap<>();
        labels.forEach(own -> own.forEach(label -> sizes.merge(label, 1, Integer::sum)));
        return sizes;
    }

    private ClassSizes classSizes(SortedMap<String, Integer> sizes) {
        List<String> tooSmall = sizes.keySet().stream()
                .filter(label -> sizes.get(label) < settings.smallestClass())
                .toList();
        List<String> unknown =
                new ArrayList<>(new TreeSet<>(sizes(parts.validation().labels()).keySet()));
        unknown.removeAll(sizes.keySet());
        boolean notFoldable = tooSmall.stream().anyMatch(label -> sizes.get(label) < settings.folds());
        List<String> sentences = new ArrayList<>();
        if (!tooSmall.isEmpty()) {
            sentences.add(
                    tooSmall.size() + " of " + sizes.size() + " classes have fewer than " + settings.smallestClass()
                            + " examples: " + Problems.quoted(tooSmall) + ". Find more, or join them with others");
        }
        if (!unknown.isEmpty()) {
            sentences.add("Validation has labels that no training example has: " + Problems.quoted(unknown)
                    + ". They cannot be learned; divide the data anew");
        }
        if (sentences.isEmpty()) {
            sentences.add("Each of " + sizes.size() + " classes has " + settings.smallestClass() + " examples or more");
        }
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("classes", sizes.size());
        evidence.put("expected", settings.smallestClass());
        evidence.put("tooSmall", counts(tooSmall, sizes));
        evidence.put("onlyInValidation", names(unknown));
        Answer answer =
                notFoldable || !unknown.isEmpty() ? Answer.PROBLEM : tooSmall.isEmpty() ? Answer.GOOD : Answer.CONSIDER;
        return new ClassSizes(new Advice("class sizes", answer, String.join(". ", sentences) + ".", evidence), sizes);
    }

    private static Map<String, Object> counts(List<String> labels, Map<String, Integer> sizes) {
        Map<String, Object> counts = new LinkedHashMap<>();
        labels.stream().limit(LISTED).forEach(label -> counts.put(MessageText.value(label), sizes.get(label)));
        return counts;
    }

    /** The first names for evidence, long ones cut. */
    static List<String> names(Collection<String> names) {
        return names.stream().limit(LISTED).map(MessageText::value).toList();
    }

    private Imbalance imbalance(SortedMap<String, Integer> sizes) {
        String largest = null;
        String smallest = null;
        double all = 0;
        for (String label : sizes.keySet()) {
            largest = largest == null || sizes.get(label) > sizes.get(largest) ? label : largest;
            smallest = smallest == null || sizes.get(label) < sizes.get(smallest) ? label : smallest;
            all += sizes.get(label);
        }
        double entropy = 0;
        for (int size : sizes.values()) {
            entropy -= size / all * Math.log(size / all);
        }
        double ratio = (double) sizes.get(largest) / sizes.get(smallest);
        double evenness = Math.min(1, entropy / Math.log(sizes.size()));
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("largest", counts(List.of(largest), sizes));
        evidence.put("smallest", counts(List.of(smallest), sizes));
        evidence.put("ratio", ratio);
        evidence.put("evenness", evenness);
        Answer answer = ratio < UNEVEN ? Answer.GOOD : ratio < VERY_UNEVEN ? Answer.CONSIDER : Answer.PROBLEM;
        String sentence = ratio == 1
                ? "Each class has " + sizes.get(largest) + " examples."
                : "The largest class has " + format("%.1f", ratio) + " times the examples of the smallest ("
                        + sizes.get(largest) + " of " + MessageText.name(largest) + ", " + sizes.get(smallest) + " of "
                        + MessageText.name(smallest) + ")"
                        + (answer == Answer.GOOD
                                ? "."
                                : ". Weigh the classes, TextClassifier.balancedLabels() for texts, and choose by macro F1,"
                                        + " not by accuracy.");
        return new Imbalance(new Advice("imbalance", answer, sentence, evidence), ratio, evenness);
    }

    private CutTexts cutTexts() {
        OptionalInt longest = parts.longestText();
        if (longest.isEmpty()) {
            return new CutTexts(
                    Advice.cannotBeSaid("cut texts", "features were given, not texts"),
                    List.of(),
                    List.of(),
                    List.of());
        }
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("longest", longest.getAsInt());
        int cut = 0;
        int all = 0;
        for (Map.Entry<String, Part> part : Map.of(
                        "train", parts.train(), "validation", parts.validation(), "served", parts.served())
                .entrySet()
                .stream()
                .sorted(Map.Entry.comparingByKey())
                .toList()) {
            evidence.put(part.getKey(), part.getValue().cut().size());
            cut += part.getValue().cut().size();
            all += part.getValue().size();
        }
        double share = (double) cut / all;
        evidence.put("share", share);
        String sentence = cut == 0
                ? "The encoder reads all texts to their end."
                : count(cut, all, "texts") + " are longer than the " + longest.getAsInt()
                        + " tokens that the encoder reads: their ends are not learned from. Raise"
                        + " TextEncoder.withMaxLength if the model has more positions, or put first what matters.";
        Answer answer = cut == 0 ? Answer.GOOD : share < MANY_CUT ? Answer.CONSIDER : Answer.PROBLEM;
        return new CutTexts(
                new Advice("cut texts", answer, sentence, evidence),
                parts.train().cut(),
                parts.validation().cut(),
                parts.served().cut());
    }

    /** {@code 12 of 400 texts (3.0 %)}. */
    static String count(int some, int all, String what) {
        return format("%d of %d %s (%.1f %%)", some, all, what, 100.0 * some / all);
    }

    static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
