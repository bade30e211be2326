/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/**
 * Questions to a bank over all-MiniLM-L6-v2. Arguments: the data, the folder for the results, {@code full}, the tasks ({@code
 * banking77}, {@code heads}), the draws ({@code all}, or numbers with commas between them).
 */
public final class TextExample {

    private static final int LONGEST = 64;

    private final PrintStream out;
    private final Path data;
    private final Map<String, Object> figures = new LinkedHashMap<>();

    private TextExample(PrintStream out, Path data) {
        this.out = out;
        this.data = data;
    }

    /**
     * Runs the example. Ends with status 1 and one line if data is missing or the folder cannot be written.
     *
     * @param args data, results, {@code full}, tasks with commas between them, draws
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data");
            if (!Files.isDirectory(data.resolve("banking77"))) {
                throw new IOException("no data set "
                        + data.resolve("banking77").toAbsolutePath().normalize()
                        + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                        + " data/banking77");
            }
            Path folder = Arguments.created(arguments.path(1, "target/example-text"), "text.output");
            boolean full = args.length > 2 && Set.of("full", "true").contains(args[2]);
            Set<String> tasks = Set.of((args.length > 3 ? args[3] : "banking77").split(","));
            new TextExample(System.out, data).run(folder, tasks, draws(args, full));
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-text: " + e.getMessage());
            System.exit(1);
        }
    }

    private static long[] draws(String[] args, boolean full) {
        return args.length > 4 && !args[4].equals("all")
                ? Stream.of(args[4].split(",")).mapToLong(Long::parseLong).toArray()
                : LongStream.rangeClosed(1, full ? 10 : 5).toArray();
    }

    private void run(Path folder, Set<String> tasks, long[] seeds) throws IOException {
        long start = System.nanoTime();
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
            if (tasks.contains("banking77")) {
                banking(encoder, seeds, folder);
            }
            if (tasks.contains("heads")) {
                heads(encoder);
            }
        }
        ReportFile.write(folder.resolve("report.json"), figures);
        out.printf(Locale.ROOT, "%nEverything took %.0f s.%n", (System.nanoTime() - start) / 1e9);
    }

    private void banking(TextEncoder encoder, long[] seeds, Path folder) throws IOException {
        out.println("== BANKING77: 77 intents from ten questions of each; accuracy on the test questions");
        BankingQuestions questions = questions(encoder);
        List<Double> gains = new ArrayList<>();
        List<Map<String, Double>> draws = new ArrayList<>();
        List<TrainingReport> pages = new ArrayList<>();
        for (long seed : seeds) {
            Path saved = folder.resolve("banking77-" + seed);
            BankingQuestions.Draw draw = questions.draw(seed, saved);
            Evidence.preflight(out::println, draw.report().notes());
            Evidence.receipt(out::println, saved);
            pages.add(draw.page());
            double best = Math.max(draw.libLinear(), draw.headOnly());
            gains.add(100 * (draw.lora() - best));
            draws.add(Map.of("libLinear", draw.libLinear(), "headOnly", draw.headOnly(), "lora", draw.lora()));
            out.printf(
                    Locale.ROOT,
                    "draw %d: LibLinear %.4f, head alone %.4f, LoRA %.4f%n",
                    seed,
                    draw.libLinear(),
                    draw.headOnly(),
                    draw.lora());
        }
        double mean = gains.stream().mapToDouble(gain -> gain).average().orElseThrow();
        double spread = Math.sqrt(gains.stream()
                        .mapToDouble(gain -> (gain - mean) * (gain - mean))
                        .sum()
                / Math.max(1, gains.size() - 1));
        out.printf(Locale.ROOT, "LoRA above the better of both: %.2f points, spread %.2f%n", mean, spread);
        TrainingReport page = pages.size() == 1 ? pages.get(0) : TrainingReport.compare(pages);
        out.println("report: " + page.overwrite(folder.resolve("banking77.html")));
        figures.put("banking77", Map.of("draws", draws, "meanGain", mean, "spread", spread));
    }

    private BankingQuestions questions(TextEncoder encoder) throws IOException {
        return new BankingQuestions(
                encoder,
                TextTable.csv(data.resolve("banking77/train.csv")).labeled("text", "category"),
                TextTable.csv(data.resolve("banking77/test.csv")).labeled("text", "category"));
    }

    /** What a head alone is worth beside LibLinear, with all texts of two data sets. */
    private void heads(TextEncoder encoder) throws IOException {
        out.println("== Heads on frozen vectors, all texts");
        double[] banking = questions(encoder).all();
        out.printf(Locale.ROOT, "BANKING77: LibLinear %.4f, head alone %.4f%n", banking[0], banking[1]);
        Clinc150 clinc = new Clinc150(data.resolve("clinc150"));
        FrozenHeads heads = new FrozenHeads(encoder, labeled(clinc.test()));
        double linear = heads.libLinear(labeled(clinc.train()), labeled(clinc.validation()));
        double head = heads.headOnly(labeled(clinc.train()), labeled(clinc.validation()));
        out.printf(Locale.ROOT, "CLINC150: LibLinear %.4f, head alone %.4f%n", linear, head);
        figures.put("heads", Map.of("banking77", banking, "clinc150", new double[] {linear, head}));
    }

    private static List<LabeledText> labeled(List<org.lora4j.integration.datasets.LabeledText> texts) {
        return texts.stream()
                .map(text -> new LabeledText(text.text(), List.copyOf(text.labels())))
                .toList();
    }
}
