/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;

/**
 * Compares methods on MiniLM: LoRA and three others on BANKING77, or, if all is asked for, every method on BANKING77 and on
 * WordNet's nouns, each at the rate that does best on the validation part of one draw, on three draws.
 *
 * <p>Arguments: the folder with the published data sets, the folder for the results, {@code true} for all, the names of
 * methods to try with commas (or {@code all}), and for how many minutes trainings are begun. What was trained before is read
 * from the folder: a long comparison goes on where it stopped.
 */
public final class MethodsExample {

    private static final List<String> FEW = List.of("LoRA", "DoRA", "IA3", "LoHa");
    private static final List<Double> RATES = List.of(3e-4, 1e-3, 3e-3, 1e-2, 3e-2);
    private static final List<Long> SEEDS = List.of(1L, 2L, 3L);
    /** A share that every training beats. */
    private static final double NOTHING = -1;

    private static final int LENGTH = 64;
    private static final int FULL = 2;
    private static final int NAMES = 3;
    private static final int MINUTES = 4;
    private static final long DEFAULT_MINUTES = 55;
    private static final long NANOS_IN_A_MINUTE = 60_000_000_000L;

    private final PrintStream out;
    private final Laboratory laboratory;
    private final TrialLog log;
    private final long end;
    private boolean complete = true;

    private MethodsExample(PrintStream out, Laboratory laboratory, TrialLog log, long end) {
        this.out = out;
        this.laboratory = laboratory;
        this.log = log;
        this.end = end;
    }

    /**
     * Runs the comparison. Ends with status 1 and one line if an argument is wrong or data is missing.
     *
     * @param args data, results, all, names, minutes
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            run(new Arguments(args), System.out);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-methods: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void run(Arguments arguments, PrintStream out) throws IOException {
        Path data = arguments.path(0, "");
        if (!Files.isDirectory(data.resolve("banking77"))) {
            out.println("example-methods: skipped, " + data.resolve("banking77").toAbsolutePath()
                    + " is not there; expected the published data. Name its folder: -Dlora4j.shared=FOLDER");
            return;
        }
        Path folder = Arguments.created(arguments.path(1, "target/example-methods"), "methods.output");
        boolean full = arguments.path(FULL, "false").toString().equals("true");
        long start = System.nanoTime();
        long minutes = arguments.number(MINUTES, "minutes", 1, DEFAULT_MINUTES);
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LENGTH)) {
            MethodsExample example = new MethodsExample(
                    out,
                    new Laboratory(tokenizer, folder, out::println),
                    new TrialLog(folder.resolve("trials.jsonl"), out::println),
                    start + minutes * NANOS_IN_A_MINUTE);
            List<MethodChoice> methods = methods(arguments.path(NAMES, "all").toString(), full);
            List<List<Problem>> problems = new ArrayList<>(List.of(new ArrayList<>(), new ArrayList<>()));
            for (long seed : SEEDS) {
                problems.get(0).add(Problem.banking(data, tokenizer, seed));
                if (full) {
                    problems.get(1).add(Problem.nouns(tokenizer, seed));
                }
            }
            StringBuilder tables = new StringBuilder();
            List<Path> pages = new ArrayList<>();
            for (List<Problem> draws : problems) {
                if (!draws.isEmpty()) {
                    String problem = draws.get(0).name();
                    tables.append(MethodsTable.of(problem, example.trials(draws, methods, full)));
                    new MethodPages(folder).write(problem, methods).ifPresent(pages::add);
                }
            }
            out.print(tables);
            pages.forEach(page -> out.println("report: " + page));
            Files.writeString(folder.resolve("methods.md"), tables);
            out.printf(
                    Locale.ROOT,
                    "%n%s %d processors, %s. %.0f s.%n",
                    example.complete ? "Complete." : "Not complete: run it again to go on.",
                    Runtime.getRuntime().availableProcessors(),
                    System.getProperty("os.arch"),
                    (System.nanoTime() - start) / 1e9);
        }
    }

    /** The methods that are named, in the order in which they are tried. */
    private static List<MethodChoice> methods(String names, boolean full) {
        if (names.equals("all") && full) {
            return MethodChoice.ALL;
        }
        List<String> wanted = names.equals("all") ? FEW : List.of(names.split(","));
        List<MethodChoice> chosen = wanted.stream()
                .flatMap(name ->
                        MethodChoice.ALL.stream().filter(method -> method.name().equals(name)))
                .toList();
        if (chosen.size() < wanted.size()) {
            throw new IllegalArgumentException("methods = " + names + "; expected some of " + MethodChoice.ALL
                    + ", with commas. Pass -Dmethods.only=LoRA,IA3.");
        }
        return chosen;
    }

    private List<Trial> trials(List<Problem> draws, List<MethodChoice> methods, boolean search) throws IOException {
        List<Trial> trials = new ArrayList<>();
        for (MethodChoice method : methods) {
            Optional<Double> rate = search ? best(draws.get(0), method) : Optional.of(method.rate());
            for (int i = 0; i < draws.size() && rate.isPresent(); i++) {
                trial(draws.get(i), method, rate.get(), SEEDS.get(i), NOTHING).ifPresent(trials::add);
            }
        }
        return trials;
    }

    /**
     * The rate that does best on the validation part of the first draw: from the method's usual rate, or the best of those tried
     * before, it goes on to a neighbor as long as one does better. Empty if there was no time for all of it.
     */
    private Optional<Double> best(Problem problem, MethodChoice method) throws IOException {
        double start = log.best(problem.name(), method.name(), SEEDS.get(0))
                .map(Trial::rate)
                .orElse(method.rate());
        Optional<Trial> best = trial(problem, method, start, SEEDS.get(0), NOTHING);
        Optional<Trial> before = Optional.empty();
        while (best.isPresent() && !best.equals(before)) {
            before = best;
            int at = RATES.indexOf(before.get().rate());
            for (int next : new int[] {at - 1, at + 1}) {
                if (next >= 0 && next < RATES.size()) {
                    double toBeat = best.get().validation();
                    Optional<Trial> tried = trial(problem, method, RATES.get(next), SEEDS.get(0), toBeat);
                    if (tried.isEmpty()) {
                        return Optional.empty();
                    }
                    best = tried.get().validation() > toBeat ? tried : best;
                }
            }
        }
        return best.map(Trial::rate);
    }

    private Optional<Trial> trial(Problem problem, MethodChoice method, double rate, long seed, double toBeat)
            throws IOException {
        Optional<Trial> before = log.find(problem.name(), method.name(), rate, seed)
                .filter(trial -> trial.isTested() || trial.validation() <= toBeat);
        if (before.isPresent()) {
            return before;
        }
        if (System.nanoTime() > end) {
            complete = false;
            return Optional.empty();
        }
        Trial trial = laboratory.train(problem, method, rate, seed, toBeat);
        log.add(trial);
        return Optional.of(trial);
    }
}
