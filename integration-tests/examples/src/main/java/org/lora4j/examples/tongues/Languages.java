/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.tongues;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.lora4j.continual.TaskRouter;
import org.lora4j.examples.ByteNgrams;
import org.lora4j.examples.ClassifierArms;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.FrozenVectors;
import org.lora4j.examples.LabeledTexts;
import org.lora4j.examples.MarkdownTable;
import org.lora4j.examples.Tokens;
import org.lora4j.integration.datasets.Declaration;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LetterCoverage;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/** Which language a paragraph is in, and whether it is in a script that was never learned from. */
final class Languages {

    private static final String NAME = "languages";

    /** Of each declaration the first articles are learned from, the next ones choose, the last ones test. */
    private static final double LEARNED = 0.65;

    private static final double CHOSEN = 0.8;
    /** A declaration with fewer paragraphs is a fragment. */
    private static final int FEWEST = 45;
    /** The most paragraphs of a script that was never learned from. */
    private static final int MOST = 150;

    private static final int EPOCHS = 3;
    private static final double REFUSED = 0.05;
    private static final double FOUND = 0.95;
    private static final double SHRINKAGE = 0.1;

    private final Example example;
    private final TextEncoder encoder;
    private final Map<String, List<Declaration>> known = new TreeMap<>();
    private final Map<String, List<Declaration>> unseen = new TreeMap<>();

    Languages(Example example, TextEncoder encoder, List<Declaration> all, Set<String> scripts, int most) {
        this.example = example;
        this.encoder = encoder;
        int others = 0;
        for (Declaration one : all) {
            Set<String> own = one.scripts();
            boolean apart = Collections.disjoint(own, scripts);
            if (one.paragraphs().size() >= FEWEST && (apart || scripts.containsAll(own))) {
                (apart ? unseen : known)
                        .computeIfAbsent(String.join("+", own), script -> new ArrayList<>())
                        .add(one);
            } else {
                others++;
            }
        }
        known.values().forEach(languages -> {
            Collections.shuffle(languages, new Random(example.seed()));
            languages
                    .subList(Math.min(most, languages.size()), languages.size())
                    .clear();
        });
        example.say(
                "languages: %d in %s to learn, %d in %d other scripts, %d left out (fragments, or of known and other scripts)",
                count(known), known.keySet(), count(unseen), unseen.size(), others);
    }

    private static int count(Map<String, List<Declaration>> scripts) {
        return scripts.values().stream().mapToInt(List::size).sum();
    }

    private List<LabeledText> texts(double from, double to) {
        return known.values().stream()
                .flatMap(List::stream)
                .flatMap(one -> one.part(from, to).stream().map(text -> new LabeledText(text, one.language())))
                .toList();
    }

    void run() throws IOException {
        List<List<LabeledText>> parts = List.of(texts(0, LEARNED), texts(LEARNED, CHOSEN), texts(CHOSEN, 1));
        List<LabeledText> test = parts.get(2);
        ByteNgrams bytes = ByteNgrams.fit(parts.get(0), parts.get(1));
        double[] byBytes = Comparison.hits(LabeledTexts.labels(test), bytes.predict(LabeledTexts.texts(test)));
        Comparison comparison =
                new Comparison("language of a paragraph, articles held out", "accuracy", example.seed());
        ClassifierArms arms = null;
        for (long seed : example.seeds()) {
            arms = ClassifierArms.fit(example, NAME, encoder, EPOCHS, parts, seed);
            arms.said().forEach((arm, said) -> comparison.addAnswers(arm, test, said));
            comparison.add("byte n-grams", byBytes, LabeledTexts.texts(test));
        }
        example.table(comparison);
        try (TextClassifier classifier = TextClassifier.load(example.folder().resolve(NAME), encoder)) {
            unknown(ways(classifier, bytes, parts.get(0), LabeledTexts.texts(parts.get(1))));
        }
        example.page(NAME, arms.page().with(comparison.advice("")));
    }

    /** Ways to say "unknown": for texts a number each, which is below 0 for what is unknown. Letters decide, others are compared. */
    private Map<String, Function<List<String>, double[]>> ways(
            TextClassifier classifier, ByteNgrams bytes, List<LabeledText> train, List<String> held) {
        LetterCoverage letters = LetterCoverage.of(LabeledTexts.texts(train));
        List<String> labels = LabeledTexts.labels(train);
        int[] classes = labels.stream().mapToInt(labels::indexOf).toArray();
        TaskRouter router = TaskRouter.mahalanobis(SHRINKAGE)
                .with(NAME, FrozenVectors.of(encoder, LabeledTexts.texts(train)), classes);
        Map<String, Function<List<String>, double[]>> ways = new LinkedHashMap<>();
        ways.put(
                "letters",
                texts -> texts.stream()
                        .mapToDouble(text -> letters.isKnown(text) ? 1 : -1)
                        .toArray());
        ways.put(
                "byte n-grams",
                limited(texts -> texts.stream().mapToDouble(bytes::familiar).toArray(), held));
        ways.put(
                "probability",
                limited(
                        texts -> classifier.predict(texts).stream()
                                .mapToDouble(Prediction::score)
                                .toArray(),
                        held));
        ways.put(
                "distance",
                limited(
                        texts -> router.route(FrozenVectors.of(encoder, texts)).stream()
                                .mapToDouble(route -> -route.distance())
                                .toArray(),
                        held));
        return ways;
    }

    /** Less a limit below which are at most 5 % of what was held out. */
    private static Function<List<String>, double[]> limited(
            Function<List<String>, double[]> values, List<String> held) {
        double[] sorted = Arrays.stream(values.apply(held)).sorted().toArray();
        double limit = sorted[(int) (REFUSED * sorted.length)];
        return texts ->
                Arrays.stream(values.apply(texts)).map(value -> value - limit).toArray();
    }

    private void unknown(Map<String, Function<List<String>, double[]>> ways) {
        List<String> columns =
                new ArrayList<>(List.of("script", "languages", "paragraphs", "letters a token", "[UNK]"));
        ways.keySet().forEach(way -> columns.add("unknown by " + way));
        MarkdownTable table = new MarkdownTable(columns);
        double refused = 0;
        int all = 0;
        for (Map.Entry<String, List<Declaration>> script : known.entrySet()) {
            List<String> texts = texts(script.getValue(), CHOSEN);
            refused +=
                    row(table, script.getKey() + ", learned", script.getValue().size(), texts, ways) * texts.size();
            all += texts.size();
        }
        List<String> missed = new ArrayList<>();
        unseen.forEach((script, languages) -> {
            List<String> texts = texts(languages, 0);
            Collections.shuffle(texts, new Random(example.seed()));
            List<String> some = texts.subList(0, Math.min(MOST, texts.size()));
            if (row(table, script, languages.size(), some, ways) < FOUND) {
                missed.add(script);
            }
        });
        example.say("unknown, script by script:\n" + table);
        example.say(
                "by letters %.4f of the known are refused (allowed: %.2f); scripts of which less than %.2f are unknown: %s",
                refused / all, REFUSED, FOUND, missed);
        example.figure("unknown by letters", Map.of("known refused", refused / all, "scripts missed", missed));
        example.figure("unknown, script by script", table.toString());
    }

    private static List<String> texts(List<Declaration> languages, double from) {
        return new ArrayList<>(
                languages.stream().flatMap(one -> one.part(from, 1).stream()).toList());
    }

    /** Adds a row to the table. Returns the share that is unknown by the first way. */
    private double row(
            MarkdownTable table,
            String script,
            int languages,
            List<String> texts,
            Map<String, Function<List<String>, double[]>> ways) {
        Tokens tokens = Tokens.of(encoder, texts);
        List<Double> shares = new ArrayList<>(List.of(tokens.unknown()));
        ways.values()
                .forEach(way -> shares.add(Arrays.stream(way.apply(texts))
                        .map(value -> value < 0 ? 1 : 0)
                        .average()
                        .orElseThrow()));
        table.row(List.of(script, languages, texts.size(), tokens.lettersEach()), shares);
        example.say("unknown, %s: %.3f by letters", script, shares.get(1));
        return shares.get(1);
    }
}
