/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.tongues;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.lora4j.continual.TaskRouter;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LetterCoverage;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.Progress;
import org.nd4j.linalg.factory.Nd4j;

/** Which language a paragraph is in, and whether it is in a script that was never learned from. */
final class Languages {

    private static final String HEAD = "head alone";
    private static final String BYTES = "byte n-grams";

    /** Of each declaration the first articles are learned from, the next ones choose, the last ones test. */
    private static final double LEARNED = 0.65;

    private static final double CHOSEN = 0.8;
    /** A declaration with fewer paragraphs is a fragment. */
    private static final int FEWEST = 45;
    /** The most paragraphs of a script that was never learned from. */
    private static final int UNSEEN = 150;

    private static final int EPOCHS = 4;
    private static final double REFUSED = 0.05;
    private static final double FOUND = 0.95;
    private static final double SHRINKAGE = 0.1;

    private final Example example;
    private final TextEncoder encoder;
    private final Map<String, List<Declaration>> known = new TreeMap<>();
    private final Map<String, List<Declaration>> unseen = new TreeMap<>();
    private final Comparison comparison;

    /** The ways to tell what is unknown: for texts, which of them are. */
    private final Map<String, Function<List<String>, boolean[]>> ways = new LinkedHashMap<>();

    Languages(Example example, TextEncoder encoder, List<Declaration> all, Set<String> scripts, int most) {
        this.example = example;
        this.encoder = encoder;
        this.comparison = new Comparison("language of a paragraph, articles held out", "accuracy", example.seed());
        int mixed = 0;
        for (Declaration one : all) {
            Set<String> own = one.scripts();
            boolean apart = Collections.disjoint(own, scripts);
            if (one.paragraphs().size() >= FEWEST && (apart || scripts.containsAll(own))) {
                (apart ? unseen : known)
                        .computeIfAbsent(String.join("+", own), script -> new ArrayList<>())
                        .add(one);
            } else {
                mixed++;
            }
        }
        known.replaceAll((script, languages) -> {
            Collections.shuffle(languages, new Random(example.seed()));
            return List.copyOf(languages.subList(0, Math.min(most, languages.size())));
        });
        example.say(
                "languages: %d in %s to learn, %d in %d other scripts; %d left out (fragments, or of known and other scripts)",
                count(known), known.keySet(), count(unseen), unseen.size(), mixed);
    }

    private static int count(Map<String, List<Declaration>> scripts) {
        return scripts.values().stream().mapToInt(List::size).sum();
    }

    private static List<LabeledText> texts(List<Declaration> languages, double from, double to) {
        return languages.stream()
                .flatMap(one -> one.part(from, to).stream().map(text -> new LabeledText(text, one.language())))
                .toList();
    }

    private List<LabeledText> texts(double from, double to) {
        return known.values().stream().flatMap(languages -> texts(languages, from, to).stream()).toList();
    }

    private static List<String> plain(List<LabeledText> texts) {
        return texts.stream().map(LabeledText::text).toList();
    }

    private static List<String> labels(List<LabeledText> texts) {
        return texts.stream().map(text -> text.labels().get(0)).toList();
    }

    void run() throws IOException {
        List<LabeledText> train = texts(0, LEARNED);
        List<LabeledText> validation = texts(LEARNED, CHOSEN);
        List<LabeledText> test = texts(CHOSEN, 1);
        ByteNgrams bytes = ByteNgrams.fit(plain(train), labels(train), plain(validation), labels(validation));
        List<String> byBytes = plain(test).stream().map(bytes::label).toList();
        for (long seed : example.seeds()) {
            TextClassifier.Builder lora = TextClassifier.builder(encoder).epochs(EPOCHS);
            try (TextClassifier classifier = lora.seed(seed).quiet().build().fit(train, validation)) {
                List<Prediction> said = classifier.predict(plain(test));
                add(Comparison.LORA, test, said.stream().map(Prediction::label).toList());
                add(BYTES, test, byBytes);
                arm(HEAD, TextClassifier.builder(encoder).headOnly().seed(seed), train, validation, test);
                if (example.full()) {
                    TextClassifier.Builder all = TextClassifier.builder(encoder).fullFineTuning().epochs(EPOCHS);
                    arm("full fine-tuning", all.seed(seed), train, validation, test);
                }
                if (seed == example.seed()) {
                    example.receipt("languages", classifier.receipt().orElseThrow());
                    classifier.save(example.folder().resolve("languages"));
                    unknown(classifier, bytes, train, validation);
                    example.page(
                            "languages",
                            TrainingReport.of(classifier.report())
                                    .withTitle("The language of a paragraph")
                                    .with(PredictedLabels.ofTexts(test, said))
                                    .with(comparison.advice(""))
                                    .with(classifier.receipt().orElseThrow()));
                }
            }
        }
        example.table(comparison);
    }

    private void arm(
            String name,
            TextClassifier.Builder builder,
            List<LabeledText> train,
            List<LabeledText> validation,
            List<LabeledText> test) {
        try (TextClassifier classifier = builder.quiet().build().fit(train, validation)) {
            add(name, test, classifier.predict(plain(test)).stream().map(Prediction::label).toList());
        }
    }

    private void add(String arm, List<LabeledText> test, List<String> said) {
        comparison.add(arm, Comparison.hits(labels(test), said));
        example.say("languages, %s: %.4f", arm, comparison.value(arm).value());
    }

    /** Four ways to say "unknown", script by script: the letters decide, the others show what they are worth. */
    private void unknown(
            TextClassifier classifier, ByteNgrams bytes, List<LabeledText> train, List<LabeledText> validation) {
        List<String> held = plain(validation);
        LetterCoverage letters = LetterCoverage.of(plain(train));
        ways.put("letters", texts -> told(texts, text -> letters.isKnown(text) ? 1 : 0, 1));
        double familiar = limit(held.stream().mapToDouble(bytes::familiar).toArray());
        ways.put(BYTES, texts -> told(texts, bytes::familiar, familiar));
        double sure = limit(classifier.predict(held).stream().mapToDouble(Prediction::score).toArray());
        ways.put("probability", texts -> {
            List<Prediction> said = classifier.predict(texts);
            return unknown(said.stream().mapToDouble(Prediction::score).toArray(), sure);
        });
        List<String> names = labels(train).stream().distinct().toList();
        TaskRouter router = TaskRouter.mahalanobis(SHRINKAGE)
                .with(
                        "known",
                        Nd4j.createFromArray(encoder.embed(plain(train), Progress.none())),
                        labels(train).stream().mapToInt(names::indexOf).toArray())
                .calibrated(Nd4j.createFromArray(encoder.embed(held, Progress.none())), 1 - REFUSED);
        ways.put("distance", texts -> unknown(
                router.route(Nd4j.createFromArray(encoder.embed(texts, Progress.none()))).stream()
                        .mapToDouble(route -> route.known() ? 1 : 0)
                        .toArray(),
                1));

        StringBuilder table = new StringBuilder("| script | languages | paragraphs | letters a token | [UNK] of the tokens |");
        ways.keySet().forEach(way -> table.append(" unknown by ").append(way).append(" |"));
        table.append("\n|---|---|---|---|---|").append("---|".repeat(ways.size())).append('\n');
        double[] refused = new double[2];
        known.forEach((script, languages) -> {
            List<String> test = plain(texts(languages, CHOSEN, 1));
            refused[0] += row(table, script + ", learned", languages.size(), test) * test.size();
            refused[1] += test.size();
        });
        List<String> missed = new ArrayList<>();
        unseen.forEach((script, languages) -> {
            List<String> all = new ArrayList<>(plain(texts(languages, 0, 1)));
            Collections.shuffle(all, new Random(example.seed()));
            if (row(table, script, languages.size(), all.subList(0, Math.min(UNSEEN, all.size()))) < FOUND) {
                missed.add(script);
            }
        });
        example.say("unknown, script by script:%n%s", table);
        example.say(
                "by letters %.4f of the known are refused (at most %.2f); scripts of which less than %.2f is called unknown: %s",
                refused[0] / refused[1], REFUSED, FOUND, missed);
        example.figure("unknown by letters", Map.of("known refused", refused[0] / refused[1], "scripts missed", missed));
        example.figure("unknown, script by script", table.toString());
    }

    /** Adds a row to the table. Returns the share that is unknown by the first way. */
    private double row(StringBuilder table, String script, int languages, List<String> texts) {
        Tokens tokens = Tokens.of(encoder, texts);
        table.append(String.format(
                Locale.ROOT,
                "| %s | %d | %d | %.2f | %.3f |",
                script,
                languages,
                texts.size(),
                tokens.lettersEach(),
                tokens.unknown()));
        double first = -1;
        for (Function<List<String>, boolean[]> way : ways.values()) {
            boolean[] unknown = way.apply(texts);
            double share = IntStream.range(0, unknown.length).filter(i -> unknown[i]).count() / (double) unknown.length;
            table.append(String.format(Locale.ROOT, " %.1f %% |", 100 * share));
            first = first < 0 ? share : first;
        }
        table.append('\n');
        return first;
    }

    private static boolean[] told(
            List<String> texts, ToDoubleFunction<String> share, double least) {
        return unknown(texts.stream().mapToDouble(share).toArray(), least);
    }

    private static boolean[] unknown(double[] values, double least) {
        boolean[] unknown = new boolean[values.length];
        IntStream.range(0, values.length).forEach(i -> unknown[i] = values[i] < least);
        return unknown;
    }

    /** Below it are at most 5 % of the values. */
    private static double limit(double... values) {
        Arrays.sort(values);
        return values[(int) (REFUSED * values.length)];
    }
}
