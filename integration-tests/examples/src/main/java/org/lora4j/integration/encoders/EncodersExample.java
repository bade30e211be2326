/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.encoders;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.TextExample;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/**
 * One small task with several encoders: which category a WordNet noun has, told from its gloss. The encoders are those that
 * are published as artifacts of Maven, and one of a directory, of any family. Arguments: the folder for the results, how many
 * glosses of a category are learned from, the directory or nothing.
 */
public final class EncodersExample {

    private static final List<String> NAMED = List.of("all-minilm-l6-v2", "bge-small-en-v1.5", "e5-small-v2");
    private static final int LONGEST = 48;
    private static final int TESTED = 10;
    private static final int EPOCHS = 5;
    private static final long SEED = 1;

    private final PrintStream out;
    private final List<LabeledText> train = new ArrayList<>();
    private final List<LabeledText> validation = new ArrayList<>();
    private final List<LabeledText> test = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();

    /** What an encoder reached: accuracy of a head over the frozen encoder and of LoRA, and what the two took. */
    private record Row(String encoder, String family, Fit head, Fit lora) {}

    private record Fit(double accuracy, double seconds, TrainingReport page) {}

    /** Half as many glosses as are learned from choose the epoch. */
    private EncodersExample(PrintStream out, WordNetGlosses glosses, int learned) {
        this.out = out;
        List<LabeledText> unused = new ArrayList<>();
        deal(glosses.training(), List.of(train, validation), List.of(learned, (learned + 1) / 2), unused);
        deal(glosses.heldOut(), List.of(test), List.of(TESTED), unused);
    }

    /**
     * Runs the example. Ends with status 1 and one line if an artifact is missing, or the directory or the folder is no good.
     *
     * @param args results, glosses of a category, a directory or nothing
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path folder = Arguments.created(arguments.path(0, "target/example-encoders"), "encoders.output");
            int learned = Math.toIntExact(arguments.number(1, "encoders.glosses", 1, 8));
            Path directory = arguments.path(2, "");
            if (!Files.isDirectory(directory)) {
                throw new IOException(
                        "example.encoder: " + directory.toAbsolutePath().normalize()
                                + " is no directory; expected a folder with config.json, model.safetensors and tokenizer.json."
                                + " Name its full path: -Dexample.encoder=DIR");
            }
            new EncodersExample(System.out, WordNetGlosses.load(SEED), learned).run(folder, directory);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-encoders: " + e.getMessage());
            System.exit(1);
        }
    }

    /** Gives each category's texts to the parts in turn, each as many as it takes. */
    private static void deal(
            List<TextExample> glosses, List<List<LabeledText>> parts, List<Integer> sizes, List<LabeledText> rest) {
        Map<Integer, Integer> dealt = new TreeMap<>();
        for (TextExample gloss : glosses) {
            int place = dealt.merge(gloss.label(), 1, Integer::sum) - 1;
            List<LabeledText> into = rest;
            for (int part = 0, end = 0; part < parts.size() && into == rest; part++) {
                end += sizes.get(part);
                into = place < end ? parts.get(part) : rest;
            }
            into.add(new LabeledText(gloss.text(), NounCategory.names().get(gloss.label())));
        }
    }

    private void run(Path folder, Path directory) throws IOException {
        long start = System.nanoTime();
        out.printf(
                Locale.ROOT,
                "%d categories of nouns: %d glosses to learn from, %d to choose with, %d to measure with%n",
                NounCategory.names().size(),
                train.size(),
                validation.size(),
                test.size());
        // First, because it is the one that may be refused.
        if (!directory.toString().isEmpty()) {
            compare(TextEncoder.load(directory), folder);
        }
        for (String name : NAMED) {
            compare(TextEncoder.named(name), folder);
        }
        print();
        ReportFile.write(folder.resolve("report.json"), figures());
        List<TrainingReport> pages = rows.stream().map(row -> row.lora().page()).toList();
        out.println("report: " + TrainingReport.compare(pages).overwrite(folder.resolve("encoders.html")));
        out.printf(Locale.ROOT, "%nEverything took %.0f s.%n", (System.nanoTime() - start) / 1e9);
    }

    private void compare(TextEncoder loaded, Path folder) throws IOException {
        try (loaded;
                TextEncoder encoder = loaded.withMaxLength(Math.min(LONGEST, loaded.maxLength()))) {
            out.println("== " + encoder);
            String family = encoder.weights().config().modelType();
            String name = encoder.name();
            Path saved = folder.resolve(name.replaceAll("\\W+", "-"));
            Fit head = fitted(
                    name,
                    TextClassifier.builder(encoder).headOnly().seed(SEED),
                    saved.resolveSibling(saved.getFileName() + "-head"));
            Fit lora =
                    fitted(name, TextClassifier.builder(encoder).epochs(EPOCHS).seed(SEED), saved);
            rows.add(new Row(encoder.name(), family, head, lora));
        }
    }

    private Fit fitted(String name, TextClassifier.Builder builder, Path saved) throws IOException {
        long start = System.nanoTime();
        try (TextClassifier classifier = builder.build().fit(train, validation)) {
            double seconds = (System.nanoTime() - start) / 1e9;
            Evidence.preflight(out::println, classifier.report().notes());
            classifier.save(saved);
            Evidence.receipt(out::println, saved);
            List<Prediction> predictions =
                    classifier.predict(test.stream().map(LabeledText::text).toList());
            TrainingReport page = TrainingReport.of(classifier.report())
                    .withTitle(name)
                    .with(PredictedLabels.ofTexts(test, predictions));
            return new Fit(classifier.evaluate(test).accuracy(), seconds, page);
        }
    }

    private void print() {
        int width = rows.stream().mapToInt(row -> row.encoder().length()).max().orElse(0);
        String line = "%-" + width + "s  %-12s %10s %8s %8s%n";
        out.println();
        out.printf(Locale.ROOT, line, "encoder", "family", "head alone", "LoRA", "s");
        for (Row row : rows) {
            out.printf(
                    Locale.ROOT,
                    line,
                    row.encoder(),
                    row.family(),
                    percent(row.head()),
                    percent(row.lora()),
                    String.format(
                            Locale.ROOT,
                            "%.0f",
                            row.head().seconds() + row.lora().seconds()));
        }
    }

    private static String percent(Fit fit) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * fit.accuracy());
    }

    private Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        for (Row row : rows) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("family", row.family());
            values.put("headAccuracy", row.head().accuracy());
            values.put("headSeconds", row.head().seconds());
            values.put("loraAccuracy", row.lora().accuracy());
            values.put("loraSeconds", row.lora().seconds());
            figures.put(row.encoder(), values);
        }
        return figures;
    }
}
