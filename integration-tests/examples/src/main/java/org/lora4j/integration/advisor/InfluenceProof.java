/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.DataInf;
import org.lora4j.interpret.Influence;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.interpret.TextExplainer;
import org.lora4j.interpret.TokenBaseline;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/**
 * Whether explanations are right, on BANKING77 with ten questions of each intent: labels are flipped by a seed, LoRA learns them
 * with all others, and DataInf is to tell them; attributions of test questions are to add up to the score.
 */
public final class InfluenceProof {

    private static final int SHOTS = 10;
    private static final int VALIDATED = 5;
    private static final double FLIPPED = 0.1;
    private static final int EPOCHS = 6;
    private static final int EXPLAINED = 20;
    private static final long MEMORY = 2L << 30;

    private final PrintStream out;
    private final TextEncoder encoder;
    private final List<LabeledText> pool;
    private final List<LabeledText> test;
    private final Map<String, Object> figures = new LinkedHashMap<>();

    private InfluenceProof(PrintStream out, TextEncoder encoder, List<LabeledText> train, List<LabeledText> test) {
        this.out = out;
        this.encoder = encoder;
        this.test = test;
        Set<String> recurring = new HashSet<>();
        test.forEach(question -> recurring.add(plain(question)));
        this.pool = train.stream()
                .filter(question -> !recurring.contains(plain(question)))
                .toList();
    }

    private static String plain(LabeledText question) {
        return question.text().strip().toLowerCase(Locale.ROOT);
    }

    /**
     * Runs the proof. Ends with status 1 and one line if data is missing or the folder cannot be written.
     *
     * @param args data, results, number of draws
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path folder = Arguments.created(arguments.path(1, "target/advisor-proof"), "advisor.output");
            int draws = (int) arguments.number(2, "draws", 1, 3);
            ReportFile.write(
                    folder.resolve("influence.json"), run(System.out, arguments.path(0, "../shared/data"), draws));
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("influence-proof: " + e.getMessage());
            System.exit(1);
        }
    }

    /**
     * Measures everything.
     *
     * @param out where tables go as they are found
     * @param data the folder of the published sets
     * @param draws how often questions are drawn and labels flipped
     * @return the figures
     * @throws IOException if the set or the encoder cannot be read
     */
    public static Map<String, Object> run(PrintStream out, Path data, int draws) throws IOException {
        try (TextEncoder whole = TextEncoder.named("all-minilm-l6-v2");
                TextEncoder encoder = whole.withMaxLength(64)) {
            InfluenceProof proof = new InfluenceProof(
                    out,
                    encoder,
                    TextTable.csv(data.resolve("banking77/train.csv")).labeled("text", "category"),
                    TextTable.csv(data.resolve("banking77/test.csv")).labeled("text", "category"));
            out.println(
                    "| seed | flipped | validation accuracy | AUC, influence on validation | AUC, on itself | found among the first"
                            + " | gradients and influence |");
            out.println("|---|---|---|---|---|---|---|");
            for (int seed = 1; seed <= draws; seed++) {
                proof.draw(seed);
            }
            return proof.figures;
        }
    }

    private void draw(long seed) {
        List<LabeledText> train = new ArrayList<>();
        List<LabeledText> validation = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(seed);
        draw(random, train, validation);
        Set<Integer> wrong = flip(random, train);
        TextClassifier classifier = TextClassifier.builder(encoder)
                .epochs(EPOCHS)
                .seed(seed)
                .build()
                .fit(train, validation);
        double accuracy = classifier.report().after().orElseThrow();

        long start = System.nanoTime();
        DataInf<LabeledText> dataInf = DataInf.of(classifier, train).memory(MEMORY);
        Influence<LabeledText> influence = dataInf.on(validation);
        double seconds = (System.nanoTime() - start) * 1e-9;
        double auc = auc(influence.values(), wrong);
        double[] own = dataInf.onItself().values();
        double ownAuc =
                auc(IntStream.range(0, own.length).mapToDouble(i -> -own[i]).toArray(), wrong);
        long found = influence.mostHarmful(wrong.size()).stream()
                .filter(ranked -> wrong.contains(ranked.index()))
                .count();
        out.printf(
                Locale.ROOT,
                "| %d | %d of %d | %.3f | %.3f | %.3f | %d | %.0f s |%n",
                seed,
                wrong.size(),
                train.size(),
                accuracy,
                auc,
                ownAuc,
                found,
                seconds);
        figures.put("seed " + seed, Map.of("accuracy", accuracy, "auc", auc, "auc on itself", ownAuc, "found", found));
        if (seed == 1) {
            explain(classifier, dataInf);
        }
        classifier.close();
    }

    private void draw(SplittableRandom random, List<LabeledText> train, List<LabeledText> validation) {
        Map<String, List<LabeledText>> byIntent = new TreeMap<>();
        pool.forEach(question -> byIntent.computeIfAbsent(question.labels().get(0), intent -> new ArrayList<>())
                .add(question));
        for (List<LabeledText> questions : byIntent.values()) {
            for (int i = questions.size() - 1; i > 0; i--) {
                Collections.swap(questions, i, random.nextInt(i + 1));
            }
            train.addAll(questions.subList(0, SHOTS));
            validation.addAll(questions.subList(SHOTS, SHOTS + VALIDATED));
        }
    }

    /** Gives a tenth of the questions the label of another one. */
    private static Set<Integer> flip(SplittableRandom random, List<LabeledText> train) {
        Set<Integer> wrong = new HashSet<>();
        while (wrong.size() < Math.round(FLIPPED * train.size())) {
            int at = random.nextInt(train.size());
            LabeledText other = train.get(random.nextInt(train.size()));
            LabeledText question = train.get(at);
            if (!wrong.contains(at) && !other.labels().equals(question.labels())) {
                train.set(at, new LabeledText(question.text(), other.labels()));
                wrong.add(at);
            }
        }
        return wrong;
    }

    /** How often a wrong one is above a right one. */
    private static double auc(double[] values, Set<Integer> wrong) {
        double above = 0;
        long pairs = 0;
        for (int w : wrong) {
            for (int r = 0; r < values.length; r++) {
                if (!wrong.contains(r)) {
                    above += values[w] > values[r] ? 1 : values[w] == values[r] ? 0.5 : 0;
                    pairs++;
                }
            }
        }
        return above / pairs;
    }

    private void explain(TextClassifier classifier, DataInf<LabeledText> dataInf) {
        for (TokenBaseline baseline : TokenBaseline.values()) {
            TextExplainer explainer = IntegratedGradients.of(classifier).baseline(baseline);
            double worst = 0;
            int gradients = 0;
            int most = 0;
            long start = System.nanoTime();
            for (int i = 0; i < EXPLAINED; i++) {
                Attribution why =
                        explainer.explain(test.get(i * test.size() / EXPLAINED).text());
                worst = Math.max(worst, Math.abs(why.sum() - (why.value() - why.baselineValue())));
                gradients += why.gradients();
                most = Math.max(most, why.gradients());
            }
            double seconds = (System.nanoTime() - start) * 1e-9;
            out.printf(
                    Locale.ROOT,
                    "%n%d questions against %s: the tokens miss the change of the score by %.1e at most; %d gradients each, %d"
                            + " at most, %.2f s each%n",
                    EXPLAINED,
                    baseline,
                    worst,
                    gradients / EXPLAINED,
                    most,
                    seconds / EXPLAINED);
            figures.put(
                    "completeness " + baseline,
                    Map.of("worst", worst, "gradients", gradients / EXPLAINED, "seconds", seconds / EXPLAINED));
        }
        String question = test.get(0).text();
        out.println(IntegratedGradients.of(classifier).explain(question));
        LabeledText asked =
                new LabeledText(question, classifier.predict(question).label());
        out.println(dataInf.on(List.of(asked)));
        out.println();
    }
}
