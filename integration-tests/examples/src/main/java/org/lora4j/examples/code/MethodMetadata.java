/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.code.JavaMethods.Method;
import org.lora4j.report.PredictedLabelSets;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.Split;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ShuffledIndices;

/**
 * Tells of methods, by their bodies, what their authors wrote beside them. All methods of one name are on the same side, in
 * whatever class and library: overloads and copies. A body that another name has too, but for primitive types and numbers, is
 * left out.
 *
 * @param example the run
 * @param encoder what learns
 * @param seed which methods are held out
 */
record MethodMetadata(Example example, TextEncoder encoder, long seed) {

    private static final double VALIDATION_SHARE = 0.2;
    private static final double TEST_SHARE = 0.3;
    private static final int EPOCHS = 6;

    /** A label of fewer training methods is left out, and so is what comes behind the most frequent ones. */
    private static final int FEWEST = 15;

    private static final int MOST_LABELS = 30;

    /** Methods with their labels. */
    record Parts(List<LabeledText> train, List<LabeledText> validation, List<LabeledText> test) {}

    void compare(List<Method> methods, MethodLabels labels, Comparison f1) throws IOException {
        Parts parts = parts(methods, labels, example.number(1, "code.methods", 100, 1_500), seed);
        example.say(
                "%s, seed %d: %d methods to learn from, %d to tell",
                labels.title(), seed, parts.train().size(), parts.test().size());
        Map<String, Supplier<TextClassifier.Builder>> arms = new LinkedHashMap<>();
        arms.put("head alone", () -> builder().headOnly());
        arms.put(Comparison.LORA, this::builder);
        if (example.full()) {
            arms.put("full fine-tuning", () -> builder().fullFineTuning());
        }
        DataReport data = DataAdvisor.builder()
                .build()
                .examine(encoder, named(parts.train()), named(parts.validation()), List.of());
        example.say("the advisor, beforehand: %s", data.ranked().get(0));
        List<TrainingReport> pages = new ArrayList<>();
        for (Map.Entry<String, Supplier<TextClassifier.Builder>> arm : arms.entrySet()) {
            try (TextClassifier learned = arm.getValue().get().build().fit(parts.train(), parts.validation())) {
                List<Prediction> told = learned.predict(
                        parts.test().stream().map(LabeledText::text).toList());
                f1.addLabels(arm.getKey(), parts.test(), told);
                TrainingReport page = TrainingReport.of(learned.report())
                        .withTitle(arm.getKey())
                        .with(PredictedLabelSets.ofTexts(parts.test(), told));
                if (arm.getKey().equals(Comparison.LORA)) {
                    example.receipt(file(labels), learned.receipt().orElseThrow());
                }
                pages.add(page);
                example.say("%s: %s", arm.getKey(), learned.evaluate(parts.test()));
            }
        }
        TrainingReport page = TrainingReport.compare(pages).withTitle(labels.title() + ", seed " + seed);
        example.page(
                file(labels),
                page.with(data, parts.train(), parts.validation(), List.of())
                        .with(f1.advice("Beforehand the advisor said: "
                                + data.learningCurve().advice().sentence())));
    }

    /** The advisor wants a label for each. */
    private static List<LabeledText> named(List<LabeledText> examples) {
        return examples.stream()
                .map(example -> example.labels().isEmpty() ? new LabeledText(example.text(), "none") : example)
                .toList();
    }

    private TextClassifier.Builder builder() {
        return TextClassifier.builder(encoder).severalLabels().seed(seed).epochs(EPOCHS);
    }

    private String file(MethodLabels labels) {
        return labels.name().toLowerCase(Locale.ROOT).replace('_', '-') + "-" + seed;
    }

    /** Methods of one name are in the same part; labels are those that enough training methods have. */
    static Parts parts(List<Method> all, MethodLabels labels, int count, long seed) {
        Map<String, String> names = new HashMap<>();
        List<Method> methods = all.stream()
                .filter(method -> !method.name().isEmpty())
                .filter(method -> method.name().equals(names.computeIfAbsent(shape(method), body -> method.name())))
                .toList();
        Split<List<Method>> parts = Split.byGroup(methods, Method::name, TEST_SHARE, seed);
        Split<List<Method>> rest = Split.byGroup(parts.train(), Method::name, VALIDATION_SHARE, seed);
        List<Method> learned = some(rest.train(), labels, count, seed);
        Set<String> kept = frequent(learned, labels);
        return new Parts(
                labeled(learned, labels, kept),
                labeled(some(rest.validation(), labels, count / 5, seed), labels, kept),
                labeled(some(parts.validation(), labels, count / 2, seed), labels, kept));
    }

    /** What copies for other types and numbers have in common. */
    private static String shape(Method method) {
        return method.body()
                .replaceAll("\\b(?:byte|short|int|long|float|double|char|boolean)\\b", "T")
                .replaceAll("\\d+", "0");
    }

    /** Methods with a label, and so many others for each. */
    private static List<Method> some(List<Method> from, MethodLabels labels, int count, long seed) {
        List<Method> with = new ArrayList<>();
        List<Method> without = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int index : ShuffledIndices.of(from.size(), seed, 1)) {
            Method method = from.get(index);
            if (seen.add(method.body())) {
                (labels.of(method).isEmpty() ? without : with).add(method);
            }
        }
        int most = Math.min(with.size(), count / (1 + labels.others()));
        List<Method> some = new ArrayList<>(with.subList(0, most));
        some.addAll(without.subList(0, Math.min(without.size(), most * labels.others())));
        int[] order = ShuffledIndices.of(some.size(), seed, 2);
        return IntStream.of(order).mapToObj(some::get).toList();
    }

    private static Set<String> frequent(List<Method> methods, MethodLabels labels) {
        Map<String, Integer> counts = new HashMap<>();
        methods.forEach(method -> labels.of(method).forEach(label -> counts.merge(label, 1, Integer::sum)));
        return Set.copyOf(counts.keySet().stream()
                .filter(label -> counts.get(label) >= FEWEST)
                .sorted(Comparator.comparing((String label) -> -counts.get(label))
                        .thenComparing(label -> label))
                .limit(MOST_LABELS)
                .toList());
    }

    private static List<LabeledText> labeled(List<Method> methods, MethodLabels labels, Set<String> kept) {
        return methods.stream()
                .map(method -> new LabeledText(
                        method.body(),
                        labels.of(method).stream().filter(kept::contains).toList()))
                .toList();
    }
}
