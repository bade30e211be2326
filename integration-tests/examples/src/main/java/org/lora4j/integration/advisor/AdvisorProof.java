/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lora4j.exec.NativeThreads;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.RunListener;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingResult;

/**
 * Whether the suggested rate and rank are as good as the best of a full search, with a quarter of its steps: seven rates at rank
 * 8, then seven ranks at the best of them, on three draws of two tasks; and what {@code LearningRateFinder} and {@code
 * RankAdvisor} suggest for each draw, trained with once.
 *
 * <p>Arguments: the folder with the published data sets, the folder for the results, two that the example reads, and names
 * of tasks with commas ({@code banking77}, {@code inverted}; {@code clinc150} and {@code rotated}, on which the rules were
 * chosen). What was trained before is read from the folder: a proof that was stopped goes on.
 */
public final class AdvisorProof {

    /** Rates of the search. */
    static final List<Double> RATES = List.of(1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2);

    /** Ranks of the search. */
    static final List<Integer> RANKS = List.of(1, 2, 4, 8, 16, 32, 64);

    private static final int RANK = 8;
    private static final List<Long> SEEDS = List.of(1L, 2L, 3L);
    private static final String TASKS = "banking77,inverted";
    private static final int NAMES = 4;
    private static final String TRIAL = "trial";
    private static final int LENGTH = 64;

    private final PrintStream out;
    private final Tasks tasks;
    private final ProofLog<ProofTrial> trials;
    private final ProofLog<ProofSuggestion> suggestions;
    private Task open;

    private AdvisorProof(PrintStream out, Tasks tasks, Path folder) throws IOException {
        this.out = out;
        this.tasks = tasks;
        this.trials = new ProofLog<>(folder.resolve("trials.jsonl"), ProofTrial.class);
        this.suggestions = new ProofLog<>(folder.resolve("suggestions.jsonl"), ProofSuggestion.class);
    }

    /**
     * Runs the proof. Ends with status 1 and one line if an argument is wrong, data is missing or a suggestion is not good enough.
     *
     * @param args data, results, two that are not read, tasks
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            if (!run(new Arguments(args), System.out)) {
                System.exit(1);
            }
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-advisor: " + e.getMessage());
            System.exit(1);
        }
    }

    private static boolean run(Arguments arguments, PrintStream out) throws IOException {
        Path data = arguments.path(0, "");
        if (!Files.isDirectory(data.resolve("banking77"))) {
            out.println("example-advisor: skipped, " + data.resolve("banking77").toAbsolutePath()
                    + " is not there; expected the published data. Name its folder: -Dlora4j.shared=FOLDER");
            return true;
        }
        Path folder = Arguments.created(arguments.path(1, "target/advisor-proof"), "advisor.output");
        List<String> names = List.of(arguments.path(NAMES, TASKS).toString().split(","));
        boolean good = true;
        StringBuilder tables = new StringBuilder();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LENGTH)) {
            AdvisorProof proof = new AdvisorProof(out, new Tasks(data, tokenizer), folder);
            for (String name : names) {
                ProofTable table = proof.prove(name);
                good &= table.isGood();
                tables.append(table.text());
            }
        }
        out.print(tables);
        Files.writeString(folder.resolve("advisor-proof.md"), tables);
        return good;
    }

    private ProofTable prove(String task) throws IOException {
        // Suggestions first: nothing that is tested can leak into them.
        List<ProofSuggestion> suggested = new ArrayList<>();
        for (long seed : SEEDS) {
            suggested.add(suggestion(task, seed));
        }
        List<ProofTrial> sweep = new ArrayList<>();
        for (long seed : SEEDS) {
            for (double rate : RATES) {
                sweep.add(trial(task, seed, rate, RANK));
            }
        }
        double best = ProofTable.bestRate(sweep);
        for (long seed : SEEDS) {
            for (int rank : RANKS) {
                if (rank != RANK) {
                    sweep.add(trial(task, seed, best, rank));
                }
            }
        }
        List<ProofTrial> finals = new ArrayList<>();
        for (ProofSuggestion one : suggested) {
            finals.add(trial(task, one.seed(), one.rate(), one.rank()));
        }
        return new ProofTable(task, sweep, suggested, finals);
    }

    private Task task(String name, long seed) throws IOException {
        if (open == null || !open.name().equals(name) || open.seed() != seed) {
            open = tasks.of(name, seed);
        }
        return open;
    }

    private ProofSuggestion suggestion(String name, long seed) throws IOException {
        Optional<ProofSuggestion> before = suggestions.entries().stream()
                .filter(one -> one.task().equals(name) && one.seed() == seed)
                .findFirst();
        if (before.isPresent()) {
            return before.get();
        }
        Task task = task(name, seed);
        ProofSuggestion[] found = new ProofSuggestion[1];
        NativeThreads.one(() -> found[0] = Suggesting.of(task));
        out.println(name + ", draw " + seed + ": " + found[0].words());
        return suggestions.add(found[0]);
    }

    private ProofTrial trial(String name, long seed, double rate, int rank) throws IOException {
        Optional<ProofTrial> before = trials.entries().stream()
                .filter(one -> one.is(name, seed, rate, rank))
                .findFirst();
        if (before.isPresent()) {
            return before.get();
        }
        Task task = task(name, seed);
        ProofTrial[] trained = new ProofTrial[1];
        NativeThreads.one(() -> trained[0] = train(task, rate, rank));
        out.printf(
                Locale.ROOT,
                "%s, draw %d: rate %.1e, rank %d, %d steps, validation %.4f, %.0f s%n",
                name,
                seed,
                rate,
                rank,
                trained[0].steps(),
                trained[0].validation(),
                trained[0].seconds());
        return trials.add(trained[0]);
    }

    private static ProofTrial train(Task task, double rate, int rank) {
        long start = System.nanoTime();
        task.model().addAdapter(TRIAL, task.config().apply(rank), task.seed());
        task.model().activate(TRIAL);
        double validation = 0;
        double test = 0;
        long steps = task.steps();
        try {
            TrainingResult result = Trainer.builder(task.training())
                    .plan(task.plan().toBuilder().optimizer(AdamW.of(rate)).build())
                    .listener(new RunListener() {})
                    .build()
                    .train(task.batches());
            steps = result.steps();
            validation = task.validation().metric().getAsDouble();
            test = task.test().getAsDouble();
        } catch (TrainingFailedException e) {
            // A rate that does not train is a result, too: it tells nothing right.
            steps = e.step();
        } finally {
            task.model().activate();
            task.model().removeAdapter(TRIAL);
        }
        return new ProofTrial(
                task.name(), task.seed(), rate, rank, steps, validation, test, (System.nanoTime() - start) / 1e9);
    }
}
