/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.lora4j.advice.Advice;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.DataReport.Duplicate;
import org.lora4j.advice.DataReport.LabelErrors;
import org.lora4j.advice.DataReport.SuspectLabel;
import org.lora4j.advice.LabeledFeatures;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.ProcessorTime;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/**
 * Whether advice on data is right: wrong labels, copies, leaks and strangers are put into CLINC150 and BANKING77 and looked for.
 * Settings are those that a user gets.
 */
public final class DataProof {

    private static final int EACH_COPY = 150;
    private static final int ORIGINALS = 2_000;
    private static final int STRANGERS = 100;
    private static final int HALVES = 10;
    private static final int HALF = 1_500;

    private final PrintStream out;
    private final TextEncoder encoder;
    private final Path data;
    private final long[] seeds;
    private final Map<String, Object> figures = new LinkedHashMap<>();

    private DataProof(PrintStream out, TextEncoder encoder, Path data, long[] seeds) {
        this.out = out;
        this.encoder = encoder;
        this.data = data;
        this.seeds = seeds;
    }

    /**
     * Runs the proof. Ends with status 1 and one line if data is missing or the folder cannot be written.
     *
     * @param args data, results, number of draws, sets with commas between them
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path folder = Arguments.created(arguments.path(1, "target/advisor-proof"), "advisor.output");
            int draws = (int) arguments.number(2, "draws", 1, 3);
            Set<String> sets = Set.of((args.length > 3 ? args[3] : "clinc150,banking77").split(","));
            ReportFile.write(
                    folder.resolve("data.json"), run(System.out, arguments.path(0, "../shared/data"), draws, sets));
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("advisor-proof: " + e.getMessage());
            System.exit(1);
        }
    }

    /**
     * Measures everything.
     *
     * @param out where tables go as they are found
     * @param data the folder of the published sets
     * @param draws how often labels are flipped
     * @param sets {@code clinc150}, {@code banking77}
     * @return the figures
     * @throws IOException if a set or the encoder cannot be read
     */
    public static Map<String, Object> run(PrintStream out, Path data, int draws, Set<String> sets) throws IOException {
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2")) {
            long start = System.nanoTime();
            double busy = ProcessorTime.seconds();
            DataProof proof = new DataProof(
                    out, encoder, data, LongStream.rangeClosed(1, draws).toArray());
            if (sets.contains("clinc150")) {
                proof.clinc150();
            }
            if (sets.contains("banking77")) {
                proof.banking77();
            }
            out.printf(
                    Locale.ROOT,
                    "%nEverything took %.0f s, %.0f s of processors.%n",
                    seconds(start),
                    ProcessorTime.seconds() - busy);
            return proof.figures;
        }
    }

    private void clinc150() throws IOException {
        Clinc150 set = new Clinc150(data.resolve("clinc150"));
        List<LabeledText> requests = new ArrayList<>();
        Map<String, List<String>> domains = new LinkedHashMap<>();
        for (String domain : set.domains()) {
            List<LabeledText> texts = set.intents("train", domain).stream()
                    .map(text -> new LabeledText(text.text(), List.copyOf(text.labels())))
                    .toList();
            requests.addAll(texts);
            domains.put(
                    domain,
                    texts.stream().map(text -> text.labels().get(0)).distinct().toList());
        }
        Features clinc = features("CLINC150", requests);
        DataReport whole = advisor(1).examine(clinc.rows(), clinc.labeled().labels());
        out.printf(Locale.ROOT, "%nCLINC150 as it is:%n%s%n", whole);
        flips("CLINC150", clinc, whole);
        copies("CLINC150", requests);
        domains(clinc, domains);
        halves("CLINC150", clinc);
        outliers("CLINC150", clinc, encoder.embed(set.outOfScope("train")));
        curves("CLINC150", clinc, whole);
    }

    private void banking77() throws IOException {
        List<LabeledText> questions = table("banking77/train.csv");
        Features banking = features("BANKING77", questions);
        DataReport whole = time(banking, features("BANKING77's test questions", table("banking77/test.csv")));
        flips("BANKING77", banking, whole);
        copies("BANKING77", questions);
        halves("BANKING77", banking);
        outliers("BANKING77", banking, encoder.embed(new Clinc150(data.resolve("clinc150")).outOfScope("train")));
        curves("BANKING77", banking, whole);
    }

    private List<LabeledText> table(String file) throws IOException {
        return TextTable.csv(data.resolve(file)).labeled("text", "category");
    }

    private Features features(String name, List<LabeledText> texts) {
        long start = System.nanoTime();
        Features features = Features.of(encoder, texts);
        out.printf(Locale.ROOT, "%nFeatures of %d texts of %s: %.0f s%n", features.size(), name, seconds(start));
        return features;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static DataAdvisor advisor(long seed) {
        return DataAdvisor.builder().seed(seed).build();
    }

    /** The test questions are both: validation data, and data to be served. */
    private DataReport time(Features banking, Features test) {
        long start = System.nanoTime();
        double busy = ProcessorTime.seconds();
        DataReport report = advisor(1).examine(banking.labeled(), test.labeled(), test.rows());
        double seconds = seconds(start);
        double ofProcess = ProcessorTime.seconds() - busy;
        out.printf(
                Locale.ROOT,
                "%n== %d features of %d numbers, 77 classes, %d to validate and to serve: %.1f s, %.1f s of processors%n%s%n",
                banking.size(),
                banking.rows()[0].length,
                test.size(),
                seconds,
                ofProcess,
                report);
        figures.put("time", Map.of("rows", banking.size(), "seconds", seconds, "processorSeconds", ofProcess));
        return report;
    }

    private void flips(String name, Features features, DataReport clean) {
        out.printf(
                Locale.ROOT,
                "%n== %s: labels flipped; precision among the k highest, k = number flipped. As it is: %d suspects of %d%n",
                name,
                clean.labelErrors().estimated(),
                features.size());
        out.println("share  draw  self-confidence  margin  disagrees  disagrees, surest first  estimated  flipped");
        List<Map<String, Object>> rows = new ArrayList<>();
        for (double share : new double[] {0.1, 0.05}) {
            for (long seed : share == 0.1 ? seeds : new long[] {1}) {
                Features.Flipped flipped = features.flipped(share, 1_000 + seed);
                LabelErrors errors =
                        advisor(seed).examine(features.rows(), flipped.labels()).labelErrors();
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("share", share);
                row.put("draw", seed);
                row.put("ranking", precision(errors, flipped, (a, b) -> 0));
                row.put("margin", precision(errors, flipped, Comparator.comparingDouble(SuspectLabel::margin)));
                row.put("disagrees", disagrees(errors, flipped));
                row.put("disagreesSurestFirst", precision(errors, flipped, SUREST_OTHER));
                row.put("estimated", errors.estimated());
                row.put("flipped", flipped.count());
                out.printf(
                        Locale.ROOT,
                        "%.2f   %d     %.4f           %.4f  %.4f     %.4f                   %d        %d%n",
                        row.values().toArray());
                rows.add(row);
            }
        }
        figures.put("flips " + name, rows);
    }

    /** The head's own choice first where it is another one, the surest before others. */
    private static final Comparator<SuspectLabel> SUREST_OTHER = Comparator.comparing(
                    (SuspectLabel suspect) -> suspect.margin() >= 0)
            .thenComparingDouble(suspect -> suspect.margin() - suspect.selfConfidence());

    private static double precision(LabelErrors errors, Features.Flipped flipped, Comparator<SuspectLabel> order) {
        long found = errors.ranking().stream()
                .sorted(order)
                .limit(flipped.count())
                .filter(suspect -> flipped.wrong()[suspect.row()])
                .count();
        return flipped.count() == 0 ? 0 : (double) found / flipped.count();
    }

    /** Those of which the head says otherwise come first, in any order: the expected precision. */
    private static double disagrees(LabelErrors errors, Features.Flipped flipped) {
        int k = flipped.count();
        List<SuspectLabel> others = errors.ranking().stream()
                .filter(suspect -> suspect.margin() < 0)
                .toList();
        double found = others.stream()
                .filter(suspect -> flipped.wrong()[suspect.row()])
                .count();
        if (k == 0 || others.size() >= k) {
            return k == 0 ? 0 : found / others.size();
        }
        double ofRest = (k - found) / (errors.ranking().size() - others.size());
        return (found + (k - others.size()) * ofRest) / k;
    }

    private void copies(String name, List<LabeledText> all) {
        out.printf(Locale.ROOT, "%n== %s: copies put into %d training texts, and into validation%n", name, ORIGINALS);
        List<LabeledText> texts = IntStream.of(Features.shuffled(all.size(), 7))
                .mapToObj(all::get)
                .toList();
        List<LabeledText> train = new ArrayList<>(texts.subList(0, ORIGINALS));
        List<LabeledText> validation = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(8);
        int original = 0;
        for (Copies kind : Copies.values()) {
            for (int i = 0; i < EACH_COPY; i++) {
                LabeledText text = texts.get(original++);
                validation.add(new LabeledText(kind.copy(text.text(), random), text.labels()));
            }
        }
        for (Copies kind : Copies.values()) {
            for (int i = 0; i < EACH_COPY; i++) {
                LabeledText text = texts.get(original++);
                train.add(new LabeledText(kind.copy(text.text(), random), text.labels()));
            }
        }
        int own = validation.size();
        validation.addAll(texts.subList(ORIGINALS, ORIGINALS + own));
        DataReport report = advisor(1).examine(encoder, train, validation, List.of());
        double[] duplicates = recall(report.duplicates().rows(), ORIGINALS);
        double[] leaks = recall(report.leakage().rows(), 0);
        for (Copies kind : Copies.values()) {
            out.printf(
                    Locale.ROOT,
                    "%s: recall among training texts %.3f, among validation texts %.3f%n",
                    kind,
                    duplicates[kind.ordinal()],
                    leaks[kind.ordinal()]);
        }
        long ownDuplicates = report.duplicates().rows().stream()
                .filter(one -> one.row() < ORIGINALS)
                .count();
        long ownLeaks =
                report.leakage().rows().stream().filter(one -> one.row() >= own).count();
        out.printf(
                Locale.ROOT,
                "all: %.3f and %.3f; of the set's own %d training texts %d are reported, of %d validation texts %d%n",
                Arrays.stream(duplicates).average().orElseThrow(),
                Arrays.stream(leaks).average().orElseThrow(),
                ORIGINALS,
                ownDuplicates,
                validation.size() - own,
                ownLeaks);
        report.duplicates().rows().stream()
                .filter(one -> one.row() < ORIGINALS)
                .sorted(Comparator.comparingDouble(Duplicate::cosine))
                .limit(5)
                .forEach(one -> out.printf(
                        Locale.ROOT,
                        "  the least alike: \"%s\" and \"%s\"%n",
                        train.get(one.row()).text(),
                        train.get(one.of()).text()));
        figures.put("copies " + name, Map.of("duplicates", duplicates, "leaks", leaks));
    }

    private static double[] recall(List<Duplicate> found, int first) {
        return Arrays.stream(Copies.values())
                .mapToDouble(kind -> found.stream()
                                .map(Duplicate::row)
                                .filter(row -> row >= first + kind.ordinal() * EACH_COPY
                                        && row < first + (kind.ordinal() + 1) * EACH_COPY)
                                .count()
                        / (double) EACH_COPY)
                .toArray();
    }

    private void domains(Features clinc, Map<String, List<String>> domains) {
        List<String> names = List.copyOf(domains.keySet());
        double least = 1;
        int found = 0;
        int asked = 0;
        for (int i = 0; i < names.size(); i++) {
            for (int j = 0; j < i; j++) {
                DataReport.Shift shift =
                        shift(clinc.with(domains.get(names.get(i))), clinc.with(domains.get(names.get(j))), 1);
                least = Math.min(least, shift.area().orElseThrow());
                found += shift.mostForeign().isEmpty() ? 0 : 1;
                asked++;
            }
        }
        out.printf(
                Locale.ROOT,
                "%n== Shift between domains of CLINC150: %d of %d found, least area %.3f%n",
                found,
                asked,
                least);
        DataReport.Shift words = advisor(1)
                .examine(
                        encoder,
                        clinc.with(domains.get("banking")).texts(),
                        List.of(),
                        clinc.with(domains.get("travel")).texts().stream()
                                .map(LabeledText::text)
                                .toList())
                .shift();
        out.println("banking and travel: " + words.advice().sentence());
        figures.put("shift between domains", Map.of("found", found, "asked", asked, "leastArea", least));
    }

    private void halves(String name, Features features) {
        double most = 0;
        int found = 0;
        for (int seed = 1; seed <= HALVES; seed++) {
            DataReport.Shift shift =
                    shift(features.some(0, HALF, 100 + seed), features.some(HALF, 2 * HALF, 100 + seed), seed);
            most = Math.max(most, shift.area().orElseThrow());
            found += shift.mostForeign().isEmpty() ? 0 : 1;
        }
        out.printf(
                Locale.ROOT,
                "%n== Shift between halves of %d texts of %s: %d of %d found, largest area %.3f%n",
                2 * HALF,
                name,
                found,
                HALVES,
                most);
        figures.put("shift between halves of " + name, Map.of("found", found, "asked", HALVES, "largestArea", most));
    }

    private static DataReport.Shift shift(Features train, Features served, long seed) {
        // What is asked of the labels is not asked here: two classes in turn.
        List<String> labels = IntStream.range(0, train.size())
                .mapToObj(i -> i % 2 == 0 ? "a" : "b")
                .toList();
        return advisor(seed)
                .examine(new LabeledFeatures(train.rows(), labels), LabeledFeatures.NONE, served.rows())
                .shift();
    }

    private void outliers(String name, Features own, float[][] strangers) {
        float[][] rows = Arrays.copyOf(own.rows(), own.size() + STRANGERS);
        System.arraycopy(strangers, 0, rows, own.size(), STRANGERS);
        List<String> labels = new ArrayList<>(own.labeled().labels());
        IntStream.range(0, STRANGERS).forEach(i -> labels.add(own.label(i * 10)));
        DataReport report = advisor(1).examine(rows, labels);
        DataReport.Outliers outliers = report.outliers();
        long found =
                outliers.rows().stream().filter(one -> one.row() >= own.size()).count();
        long suspected = report.labelErrors().ranking().stream()
                .limit(STRANGERS)
                .filter(suspect -> suspect.row() >= own.size())
                .count();
        out.printf(
                Locale.ROOT,
                "%n== Outliers: %d requests out of scope of CLINC150 among %d texts of %s: %d rows reported, %d of the strangers among"
                        + " them; among the first %d suspect labels: %d%n",
                STRANGERS,
                own.size(),
                name,
                outliers.rows().size(),
                found,
                STRANGERS,
                suspected);
        figures.put(
                "outliers among " + name,
                Map.of("reported", outliers.rows().size(), "found", found, "amongSuspectLabels", suspected));
    }

    private void curves(String name, Features features, DataReport whole) {
        out.printf(Locale.ROOT, "%n== %s: what twice the data would give, and gives%n", name);
        int quarter = features.size() / 4;
        List<DataReport> reports = new ArrayList<>();
        for (int size : new int[] {quarter, 2 * quarter}) {
            Features part = features.some(0, size, 5);
            reports.add(advisor(1).examine(part.rows(), part.labeled().labels()));
        }
        reports.add(whole);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            double gave = accuracy(reports.get(i + 1)) - accuracy(reports.get(i));
            Advice advice = reports.get(i).learningCurve().advice();
            double said = (double) advice.evidence().getOrDefault("nextGain", 0.0);
            out.printf(
                    Locale.ROOT,
                    "%d examples: said %.4f, came out %.4f. %s%n",
                    (i + 1) * quarter,
                    said,
                    gave,
                    advice.sentence());
            rows.add(Map.of("examples", (i + 1) * quarter, "said", said, "cameOut", gave));
        }
        figures.put("curves " + name, rows);
    }

    private static double accuracy(DataReport report) {
        return (double) report.labelErrors().advice().evidence().get("outOfFoldAccuracy");
    }
}
