/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.landing;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice;
import org.lora4j.export.ExportReport;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.export.ModelCard;
import org.lora4j.export.OnnxExport;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.pretrained.Pooling;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/**
 * Tunes all-MiniLM-L6-v2 on questions to a bank, exports it, and searches with it in LangChain4j. Arguments: the data, the folder
 * for the results.
 */
public final class LandingExample {

    private static final String MODEL = "all-minilm-l6-v2";
    private static final int LONGEST = 64;
    private static final int EACH = 10;
    private static final int STORED = 5;
    private static final int EVERY = 4;
    private static final int EPOCHS = 2;
    private static final double TOLERANCE = 1e-5;

    private final PrintStream out;
    private final Path data;
    private final Map<String, Object> figures = new LinkedHashMap<>();

    private LandingExample(PrintStream out, Path data) {
        this.out = out;
        this.data = data;
    }

    /**
     * Runs the example. Ends with status 1 and one line if data is missing, the folder cannot be written, or a vector differs.
     *
     * @param args data, results
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data").resolve("banking77");
            if (!Files.isDirectory(data)) {
                throw new IOException("no data set " + data.toAbsolutePath().normalize()
                        + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                        + " data/banking77");
            }
            Path folder = Arguments.created(arguments.path(1, "target/example-landing"), "landing.output");
            new LandingExample(System.out, data).run(folder);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-landing: " + e.getMessage());
            System.exit(1);
        }
        // Threads of ONNX Runtime and of stores would keep the process.
        System.exit(0);
    }

    private void run(Path folder) throws IOException {
        long start = System.nanoTime();
        // Exports never replace anything, so each run has a folder of its own.
        Path models = Files.createTempDirectory(folder, "models");
        Map<String, List<String>> train =
                byIntent(TextTable.csv(data.resolve("train.csv")).labeled("text", "category"));
        List<LabeledText> all = TextTable.csv(data.resolve("test.csv")).labeled("text", "category");
        List<LabeledText> test = IntStream.iterate(0, i -> i < all.size(), i -> i + EVERY)
                .mapToObj(all::get)
                .toList();
        try (TextEncoder encoder = TextEncoder.named(MODEL).withMaxLength(LONGEST)) {
            OnnxExport base = OnnxExport.ofResource(getClass().getClassLoader(), MODEL + ".onnx")
                    .vectors(Pooling.NORMALIZED_MEAN)
                    .tokenizer(encoder.tokenizer());
            base.write(models.resolve("base"));

            Retrieval before = Retrieval.of(models.resolve("base"), stored(train));
            double recallBefore = before.recall(test);
            out.printf(
                    Locale.ROOT,
                    "== LangChain4j, the base: recall at 1 of %d questions %.4f%n",
                    test.size(),
                    recallBefore);

            try (SentenceEncoder tuned = SentenceEncoder.builder(encoder)
                    .epochs(EPOCHS)
                    .seed(42)
                    .build()
                    .fit(pairs(train))) {
                Evidence.preflight(out::println, tuned.report().notes());
                tuned.save(models.resolve("tuned"));
                Evidence.receipt(out::println, models.resolve("tuned"));
                ModelCard card = ModelCard.of("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
                        .data("BANKING77", "cc-by-4.0");
                ExportReport onnx = base.adapter(tuned.adapter()).card(card).write(models.resolve("onnx"));
                out.println(onnx);
                ExportReport directory = HuggingFaceExport.of(encoder)
                        .adapter(tuned.adapter())
                        .card(card)
                        .write(models.resolve("directory"));
                out.println(directory);

                Retrieval after = Retrieval.of(models.resolve("onnx"), stored(train));
                double recallAfter = after.recall(test);
                out.printf(Locale.ROOT, "== LangChain4j, tuned: recall at 1 %.4f%n", recallAfter);
                for (int i = 0; i < test.size(); i += test.size() / 4) {
                    String question = test.get(i).text();
                    out.printf(
                            Locale.ROOT,
                            "%s%n  before: %s%n  after:  %s%n",
                            question,
                            before.answer(question),
                            after.answer(question));
                }
                figures.put("recallBefore", recallBefore);
                figures.put("recallAfter", recallAfter);
                Map<String, Double> differences = compare(new Places(models, encoder, tuned), test);
                out.println("report: "
                        + TrainingReport.of(tuned.report())
                                .withTitle("BANKING77 in LangChain4j")
                                .with(new Advice(
                                        "landing",
                                        Advice.Answer.GOOD,
                                        String.format(
                                                Locale.ROOT,
                                                "In LangChain4j %.1f %% of the questions find one of their intent first,"
                                                        + " %.1f %% before the training.",
                                                100 * recallAfter,
                                                100 * recallBefore),
                                        Map.of("before", recallBefore, "after", recallAfter)))
                                .withReceipt(differences)
                                .withLicences(Map.of(MODEL, "Apache-2.0", "BANKING77", "CC-BY-4.0"))
                                .overwrite(folder.resolve("landing.html")));
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        figures.put("seconds", seconds);
        ReportFile.write(folder.resolve("report.json"), figures);
        out.printf(Locale.ROOT, "%nEverything took %.0f s.%n", seconds);
    }

    private Map<String, Double> compare(Places places, List<LabeledText> test) throws IOException {
        List<String> texts = test.stream()
                .map(LabeledText::text)
                .filter(text -> text.length() < 200)
                .limit(20)
                .toList();
        Map<String, Double> differences = places.differences(texts);
        differences.forEach((place, difference) ->
                out.printf(Locale.ROOT, "%-28s largest difference from the tuned encoder %.2e%n", place, difference));
        figures.put("differences", differences);
        if (differences.values().stream().anyMatch(difference -> !(difference <= TOLERANCE))) {
            throw new IllegalStateException("vectors differ by more than " + TOLERANCE + ": " + differences);
        }
        return differences;
    }

    private static Map<String, List<String>> byIntent(List<LabeledText> texts) {
        Map<String, List<String>> byIntent = new LinkedHashMap<>();
        texts.forEach(text -> byIntent.computeIfAbsent(text.labels().get(0), intent -> new ArrayList<>())
                .add(text.text()));
        return byIntent;
    }

    /** The questions that have answers: some of each intent, none of them learned from. */
    private static Map<String, List<String>> stored(Map<String, List<String>> train) {
        Map<String, List<String>> stored = new LinkedHashMap<>();
        train.forEach((intent, texts) -> stored.put(intent, texts.subList(texts.size() - STORED, texts.size())));
        return stored;
    }

    private static List<SentenceExample> pairs(Map<String, List<String>> train) {
        List<SentenceExample> pairs = new ArrayList<>();
        train.forEach((intent, texts) -> {
            int most = Math.min(EACH, texts.size() - STORED);
            for (int i = 0; i + 1 < most; i += 2) {
                pairs.add(SentenceExample.pair(texts.get(i), texts.get(i + 1)).withGroup(intent));
            }
        });
        return pairs;
    }
}
