/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.Suitability;
import org.lora4j.exec.NativeThreads;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.digits.SuitabilityProof;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextFitReport;
import org.lora4j.train.FittingSign;
import org.lora4j.train.ProgressListener;

/**
 * What the advisor says of BANKING77 with ten questions of each intent, and of the digits. Arguments: the data, the folder for the
 * results, {@code full} for all looks of the digits, and which proof to run in place of that: {@code data}, {@code rank},
 * {@code suitability} or {@code influence}.
 */
public final class AdvisorExample {

    private static final int LONGEST = 64;
    private static final int LEARNED = 10;
    private static final int CHOSEN_WITH = 5;
    private static final int EPOCHS = 5;
    private static final int SHOWN = 3;
    private static final double USUAL_RATE = 1e-3;
    private static final int DRAWS = 3;
    private static final long SEED = 1;

    private final PrintStream out;
    private final Path data;
    private final Path folder;

    private AdvisorExample(PrintStream out, Path data, Path folder) {
        this.out = out;
        this.data = data;
        this.folder = folder;
    }

    /**
     * Runs the example. Ends with status 1 and one line if data is missing.
     *
     * @param args data, results, {@code full}, {@code proof}
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data");
            for (String set : List.of("banking77", "mnist-cnn")) {
                if (!Files.isDirectory(data.resolve(set))) {
                    throw new IOException("no data set "
                            + data.resolve(set).toAbsolutePath().normalize()
                            + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                            + " data/" + set);
                }
            }
            Path folder = Arguments.created(arguments.path(1, "target/example-advisor"), "advisor.output");
            switch (args.length > 3 ? args[3] : "false") {
                case "data" -> DataProof.main(new String[] {args[0], args[1]});
                case "rank", "true" -> AdvisorProof.main(new String[] {args[0], args[1]});
                case "influence" -> InfluenceProof.main(new String[] {args[0], args[1]});
                case "suitability" -> new AdvisorExample(System.out, data, folder).digits(DRAWS, true);
                default ->
                    new AdvisorExample(System.out, data, folder)
                            .run(args.length > 2 && Set.of("full", "true").contains(args[2]));
            }
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-advisor: " + e.getMessage());
            System.exit(1);
        }
    }

    private void run(boolean full) throws IOException {
        long start = System.nanoTime();
        banking();
        ranks();
        digits(1, full);
        out.printf(Locale.ROOT, "%nEverything took %.0f s.%n", (System.nanoTime() - start) / 1e9);
    }

    private void banking() throws IOException {
        out.println("== BANKING77: 77 intents, ten questions of each, vectors of all-MiniLM-L6-v2");
        List<org.lora4j.integration.datasets.LabeledText> pool = new Banking77(data.resolve("banking77")).train();
        List<org.lora4j.integration.datasets.LabeledText> drawn =
                org.lora4j.integration.datasets.LabeledText.draw(pool, LEARNED, SEED);
        Set<org.lora4j.integration.datasets.LabeledText> taken = new HashSet<>(drawn);
        List<LabeledText> train = labeled(drawn.stream());
        List<LabeledText> validation = labeled(org.lora4j.integration.datasets.LabeledText.draw(
                pool.stream().filter(text -> !taken.contains(text)).toList(), CHOSEN_WITH, SEED)
                .stream());
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
            List<String> served = new Banking77(data.resolve("banking77"))
                    .test().stream()
                            .map(org.lora4j.integration.datasets.LabeledText::text)
                            .toList();
            DataReport report = DataAdvisor.builder().seed(SEED).build().examine(encoder, train, validation, served);
            out.println(report);
            examples(report, train, validation);
            Suitability suitability = suitability(encoder, train);
            out.println(suitability);
            LearningRateSuggestion rate = LearningRateFinder.of(
                            () -> TextClassifier.builder(encoder).epochs(EPOCHS).seed(SEED), train, validation)
                    .find();
            out.println(rate);
            TextFitReport learned =
                    fit(encoder, train, validation, "that rate", rate.rate().orElse(USUAL_RATE));
            out.println("report: "
                    + TrainingReport.of(learned)
                            .withTitle("BANKING77, ten questions of each intent")
                            .with(report, train, validation, served)
                            .with(suitability)
                            .with(rate)
                            .overwrite(folder.resolve("banking77.html")));
            fit(encoder, train, validation, "a rate that is far too low", 1e-7);
        }
    }

    /** The texts behind some of the numbers. */
    private void examples(DataReport report, List<LabeledText> train, List<LabeledText> validation) {
        report.labelErrors().ranking().stream()
                .limit(SHOWN)
                .forEach(one -> out.printf(
                        Locale.ROOT,
                        "  suspect: \"%s\" is said to be %s; perhaps %s%n",
                        train.get(one.row()).text(),
                        one.label(),
                        one.suggested()));
        report.leakage().rows().stream()
                .limit(SHOWN)
                .forEach(one -> out.printf(
                        Locale.ROOT,
                        "  leak: \"%s\" to validate with, \"%s\" to learn from%n",
                        validation.get(one.row()).text(),
                        train.get(one.of()).text()));
        report.outliers().rows().stream()
                .limit(SHOWN)
                .forEach(one -> out.printf(
                        Locale.ROOT,
                        "  far from others: \"%s\"%n",
                        train.get(one.row()).text()));
    }

    private static List<LabeledText> labeled(Stream<org.lora4j.integration.datasets.LabeledText> texts) {
        return texts.map(text -> new LabeledText(text.text(), List.copyOf(text.labels())))
                .toList();
    }

    private static Suitability suitability(TextEncoder encoder, List<LabeledText> texts) {
        List<String> names = texts.stream()
                .map(text -> text.labels().get(0))
                .distinct()
                .sorted()
                .toList();
        int[] labels = texts.stream()
                .mapToInt(text -> names.indexOf(text.labels().get(0)))
                .toArray();
        return Suitability.beforeTraining(
                        encoder.embed(texts.stream().map(LabeledText::text).toList()), labels)
                .seed(SEED)
                .forecast();
    }

    private TextFitReport fit(
            TextEncoder encoder, List<LabeledText> train, List<LabeledText> validation, String what, double rate)
            throws IOException {
        out.printf(Locale.ROOT, "-- LoRA with %s, %.1e%n", what, rate);
        try (TextClassifier classifier = TextClassifier.builder(encoder)
                .epochs(EPOCHS)
                .learningRate(rate)
                .seed(SEED)
                .listener(ProgressListener.to(out::println).every(Double.MAX_VALUE))
                .build()
                .fit(train, validation)) {
            List<FittingSign> signs =
                    classifier.report().training().orElseThrow().signs();
            out.println(classifier.report());
            out.println("signs of over- or underfitting: " + signs.size());
            signs.forEach(out::println);
            Evidence.preflight(out::println, classifier.report().notes());
            Path saved = folder.resolve(what.replaceAll("\\W+", "-"));
            classifier.save(saved);
            Evidence.receipt(out::println, saved);
            return classifier.report();
        }
    }

    private void ranks() throws IOException {
        out.println();
        out.println("== Inverted digits: a rate and a rank for the CNN that knows upright ones");
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LONGEST)) {
            Task task = new Tasks(data, tokenizer).of("inverted", SEED);
            out.println(NativeThreads.one(() -> Suggesting.of(task))
                    .words()
                    .replace(" rank: ", System.lineSeparator() + "rank: "));
        }
    }

    private void digits(int draws, boolean full) throws IOException {
        out.println();
        out.println("== Digits in four looks: what the CNN for upright ones would need, forecast and then trained");
        out.println(
                "Accuracies in %. Forecast from a head on the frozen CNN and one on the pixels themselves (both judged out of"
                        + " fold), the share of");
        out.println(
                "the gradient's energy that updates of rank 8 can have, and how well the digits can be told from upright"
                        + " ones (0.5: not at all).");
        SuitabilityProof proof =
                new SuitabilityProof(data.resolve("mnist-cnn").resolve("pytorch_cnn_mnist.onnx"), out::println);
        // Ops are short: with more threads they would mostly wait for each other.
        NativeThreads.one(() -> proof.run(draws, full));
    }
}
