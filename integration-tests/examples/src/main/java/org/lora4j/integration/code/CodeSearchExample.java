/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.code;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.lora4j.integration.code.JavaMethods.Method;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ShuffledIndices;

/**
 * Finds methods of commons-math by what their javadoc says they do: frozen, with LoRA and with all weights trained. Whole
 * packages are held out, so that no method is searched for whose neighbors were learned from. Arguments: the folder for the
 * results, {@code full}, the encoders.
 */
public final class CodeSearchExample {

    private static final String LIBRARY = "org/apache/commons/math3/util/FastMath.java";
    private static final int LONGEST = 64;
    private static final int PAIRS = 1_000;
    private static final int VALIDATED = 200;
    private static final int TESTED = 500;
    private static final int RESAMPLES = 10_000;

    private final PrintStream out;
    private final boolean full;
    private final Map<String, Object> figures = new LinkedHashMap<>();

    /** Methods by what they are for. */
    record Parts(List<SentenceExample> train, List<SentenceExample> validation, List<SentenceExample> test) {}

    private CodeSearchExample(PrintStream out, boolean full) {
        this.out = out;
        this.full = full;
    }

    /**
     * Runs the example. Ends with status 1 and one line if an artifact is missing or the folder cannot be written.
     *
     * @param args results, {@code full}, names of encoders with commas between them
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path folder = Arguments.created(arguments.path(0, "target/example-code"), "code.output");
            boolean full = args.length > 1 && Set.of("full", "true").contains(args[1]);
            String[] encoders = (args.length > 2 ? args[2] : "all-minilm-l6-v2").split(",");
            new CodeSearchExample(System.out, full).run(folder, encoders);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-code: " + e.getMessage());
            System.exit(1);
        }
    }

    private void run(Path folder, String... encoders) throws IOException {
        long start = System.nanoTime();
        List<Method> methods = JavaMethods.of(LIBRARY);
        for (String name : encoders) {
            try (TextEncoder encoder = TextEncoder.named(name).withMaxLength(LONGEST)) {
                for (long seed = 1; seed <= (full ? 3 : 1); seed++) {
                    compare(encoder, parts(methods, seed), seed, seed == 1 && name.equals(encoders[0]), folder);
                }
            }
        }
        ReportFile.write(folder.resolve("report.json"), figures);
        out.printf(Locale.ROOT, "%nEverything took %.0f s.%n", (System.nanoTime() - start) / 1e9);
    }

    /** Packages in a random order: the first ones are tested, the next ones choose, the others are learned from. */
    static Parts parts(List<Method> methods, long seed) {
        List<String> packages =
                List.copyOf(new TreeSet<>(methods.stream().map(Method::folder).toList()));
        int[] order = ShuffledIndices.of(packages.size(), seed, 0);
        List<SentenceExample> test = new ArrayList<>();
        List<SentenceExample> validation = new ArrayList<>();
        List<SentenceExample> train = new ArrayList<>();
        for (int index : order) {
            List<SentenceExample> into =
                    test.size() < TESTED ? test : validation.size() < VALIDATED ? validation : train;
            methods.stream()
                    .filter(method -> method.folder().equals(packages.get(index)))
                    .forEach(method -> into.add(SentenceExample.pair(method.sentence(), method.code())));
        }
        return new Parts(some(train, PAIRS, seed), some(validation, VALIDATED, seed), some(test, TESTED, seed));
    }

    private static List<SentenceExample> some(List<SentenceExample> all, int count, long seed) {
        return IntStream.of(ShuffledIndices.of(all.size(), seed, 1))
                .limit(count)
                .mapToObj(all::get)
                .toList();
    }

    private void compare(TextEncoder encoder, Parts parts, long seed, boolean withFull, Path folder)
            throws IOException {
        out.printf(
                Locale.ROOT,
                "%n== %s, seed %d: %d pairs, %d to search%n",
                encoder.name(),
                seed,
                parts.train().size(),
                parts.test().size());
        List<TrainingReport> pages = new ArrayList<>();
        RetrievalEvaluation frozen =
                evaluated("frozen", SentenceEncoder.builder(encoder).build(), parts, pages);
        SentenceEncoder.Builder builder =
                SentenceEncoder.builder(encoder).seed(seed).epochs(4);
        SentenceEncoder tuned = builder.build().fit(parts.train(), parts.validation());
        Evidence.preflight(out::println, tuned.report().notes());
        Path saved = folder.resolve(encoder.name() + "-" + seed);
        tuned.save(saved);
        Evidence.receipt(out::println, saved);
        RetrievalEvaluation lora = evaluated("LoRA", tuned, parts, pages);
        double[] interval = interval(frozen.reciprocalRanks(), lora.reciprocalRanks(), seed);
        out.printf(
                Locale.ROOT,
                "MRR of LoRA above frozen: %.4f, 95 %% of resamples between %.4f and %.4f%n",
                lora.meanReciprocalRank() - frozen.meanReciprocalRank(),
                interval[0],
                interval[1]);
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("frozen", figures(frozen));
        results.put("lora", figures(lora));
        results.put("interval", interval);
        if (withFull) {
            SentenceEncoder.Builder all =
                    SentenceEncoder.builder(encoder).fullFineTuning().seed(seed).epochs(4);
            results.put(
                    "full",
                    figures(evaluated("full", all.build().fit(parts.train(), parts.validation()), parts, pages)));
        }
        figures.put(encoder.name() + ", seed " + seed, results);
        out.println("report: "
                + TrainingReport.compare(pages)
                        .withTitle("Code search by " + encoder.name() + ", draw " + seed)
                        .overwrite(folder.resolve(encoder.name() + "-" + seed + ".html")));
    }

    private RetrievalEvaluation evaluated(String name, SentenceEncoder by, Parts parts, List<TrainingReport> pages) {
        try (by) {
            RetrievalEvaluation evaluation = by.evaluate(parts.test());
            out.println(name + ": " + evaluation);
            // The frozen one has learned nothing.
            TrainingReport page = pages.isEmpty() ? TrainingReport.titled(name) : TrainingReport.of(by.report());
            pages.add(page.withTitle(name).with(evaluation));
            return evaluation;
        }
    }

    private static Map<String, Double> figures(RetrievalEvaluation evaluation) {
        return Map.of(
                "recall1", evaluation.recall().get(1),
                "mrr", evaluation.meanReciprocalRank(),
                "ndcg10", evaluation.ndcg().get(10));
    }

    /** The paired bootstrap: queries drawn anew, the mean difference between the 2.5th and the 97.5th percentile. */
    static double[] interval(List<Double> before, List<Double> after, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] means = new double[RESAMPLES];
        for (int i = 0; i < RESAMPLES; i++) {
            double sum = 0;
            for (int j = 0; j < before.size(); j++) {
                int query = random.nextInt(before.size());
                sum += after.get(query) - before.get(query);
            }
            means[i] = sum / before.size();
        }
        double[] sorted = Arrays.stream(means).sorted().toArray();
        return new double[] {sorted[RESAMPLES / 40], sorted[RESAMPLES - 1 - RESAMPLES / 40]};
    }
}
