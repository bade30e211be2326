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
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ShuffledIndices;

/**
 * Tells of methods, by their bodies, what their authors wrote beside them. All methods of one name are on the same side, in
 * whatever class and library: overloads and copies. So are bodies that differ in primitive types and numbers only.
 *
 * @param example the run
 * @param encoder what learns
 * @param seed which methods are held out
 */
record MethodMetadata(Example example, TextEncoder encoder, long seed) {

    private static final int TRAINED = 1_500;
    private static final int VALIDATED = 300;
    private static final int TESTED = 750;
    private static final double VALIDATION_SHARE = 0.15;
    private static final double TEST_SHARE = 0.3;
    private static final int EPOCHS = 6;

    /** A label of fewer training methods is left out, and so is what comes behind the most frequent ones. */
    private static final int FEWEST = 15;

    private static final int MOST_LABELS = 30;

    /** Methods with their labels. */
    record Parts(List<LabeledText> train, List<LabeledText> validation, List<LabeledText> test) {}

    void compare(List<Method> methods, MethodLabels labels, Comparison f1) throws IOException {
        Parts parts = parts(methods, labels, seed);
        example.say(
                "%s, seed %d: %d methods to learn from, %d to tell", labels.title(), seed, parts.train().size(), parts.test()
                        .size());
        Map<String, Supplier<TextClassifier.Builder>> arms = new LinkedHashMap<>();
        arms.put("head alone", () -> builder().headOnly());
        arms.put(Comparison.LORA, this::builder);
        if (example.full()) {
            arms.put("full fine-tuning", () -> builder().fullFineTuning());
        }
        DataReport data = DataAdvisor.builder().build().examine(encoder, parts.train(), parts.validation(), List.of());
        example.say("the advisor, beforehand: %s", data.ranked().get(0));
        List<TrainingReport> pages = new ArrayList<>();
        for (Map.Entry<String, Supplier<TextClassifier.Builder>> arm : arms.entrySet()) {
            try (TextClassifier learned = arm.getValue().get().build().fit(parts.train(), parts.validation())) {
                List<Prediction> told = learned.predict(
                        parts.test().stream().map(LabeledText::text).toList());
                add(f1, arm.getKey(), parts.test(), told);
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
        example.page(file(labels), page.with(data, parts.train()).with(f1.advice("")));
    }

    private TextClassifier.Builder builder() {
        return TextClassifier.builder(encoder).severalLabels().seed(seed).epochs(EPOCHS);
    }

    private String file(MethodLabels labels) {
        return labels.name().toLowerCase(Locale.ROOT).replace('_', '-') + "-" + seed;
    }

    /** Micro F1: twice what is right, over what was told and what is true. */
    private static void add(Comparison f1, String arm, List<LabeledText> test, List<Prediction> told) {
        double[] right = new double[test.size()];
        double[] all = new double[test.size()];
        for (int i = 0; i < right.length; i++) {
            Set<String> both = new HashSet<>(test.get(i).labels());
            both.retainAll(told.get(i).labels());
            right[i] = 2 * both.size();
            all[i] = test.get(i).labels().size() + told.get(i).labels().size();
        }
        f1.add(arm, right, all);
    }

    /** Methods of the same kind are in the same part; labels are those that enough training methods have. */
    static Parts parts(List<Method> all, MethodLabels labels, long seed) {
        List<Method> methods =
                all.stream().filter(method -> !method.name().isEmpty()).toList();
        List<List<Method>> kinds = new ArrayList<>(kinds(methods));
        kinds.sort(Comparator.comparing(kind -> kind.get(0).name()));
        List<Method> train = new ArrayList<>();
        List<Method> validation = new ArrayList<>();
        List<Method> test = new ArrayList<>();
        for (int index : ShuffledIndices.of(kinds.size(), seed, 0)) {
            boolean tested = test.size() < TEST_SHARE * methods.size();
            boolean validated = validation.size() < VALIDATION_SHARE * methods.size();
            (tested ? test : validated ? validation : train).addAll(kinds.get(index));
        }
        List<Method> learned = some(train, labels, TRAINED, seed);
        Set<String> kept = frequent(learned, labels);
        return new Parts(
                labeled(learned, labels, kept),
                labeled(some(validation, labels, VALIDATED, seed), labels, kept),
                labeled(some(test, labels, TESTED, seed), labels, kept));
    }

    /** What has a name or a body in common, directly or through others. */
    private static List<List<Method>> kinds(List<Method> methods) {
        Map<String, List<Method>> kinds = new HashMap<>();
        for (Method method : methods) {
            List<Method> byName = kinds.computeIfAbsent("name " + method.name(), key -> new ArrayList<>());
            byName.add(method);
            String body = method.body().replaceAll("\\b(?:byte|short|int|long|float|double|char|boolean)\\b", "T")
                    .replaceAll("\\d+", "0");
            List<Method> byBody = kinds.computeIfAbsent("body " + body, key -> byName);
            if (byBody != byName) {
                byBody.addAll(byName);
                kinds.replaceAll((key, kind) -> kind == byName ? byBody : kind);
            }
        }
        return List.copyOf(new HashSet<>(kinds.values()));
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
                .sorted(Comparator.comparing((String label) -> -counts.get(label)).thenComparing(label -> label))
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
