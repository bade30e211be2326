/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How long a fresh process takes until it trains: Java started with its own defaults, MiniLM loaded, 36 modules adapted, the
 * gradient graph built, the tokenizer read, the first step done. On a warm cache: the first process does not count.
 *
 * <p>Arguments: the folder for the report, and optionally the number of processes that count (6).
 */
public final class StartupBenchmark {

    private static final int ROUNDS = 6;
    private static final double MOST_SECONDS = 1.5;
    private static final double MOST_SECONDS_OF_A_STEP = 2.5;
    private static final List<String> OPTIONS = List.of("-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    private StartupBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws IOException if a process fails or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        for (int round = 0; round <= rounds; round++) {
            Map<String, Double> told = ChildJava.run(
                    StartupProcess.class, OPTIONS, List.of(Long.toString(System.currentTimeMillis())), Map.of());
            System.out.printf(Locale.ROOT, "process %d of %d: %s%n", round + 1, rounds + 1, told);
            if (round > 0) {
                told.forEach((name, value) ->
                        seconds.computeIfAbsent(name, key -> new ArrayList<>()).add(value));
            }
        }
        Summary summary = new Summary("MiniLM, seconds from the start of Java to the first step", Machine.facts())
                .note("Java", String.join(" ", OPTIONS));
        seconds.forEach((name, values) -> {
            Timing timing = Timing.of(values);
            summary.note(name, String.format(Locale.ROOT, "%.2f s, best %.2f s", timing.median(), timing.best()));
        });
        summary.promise(Promise.atMost(
                        "ready to train, seconds since the start of Java",
                        Timing.of(seconds.get(StartupProcess.READY)).median(),
                        MOST_SECONDS))
                .promise(Promise.atMost(
                        "first step, seconds since the start of Java",
                        Timing.of(seconds.get(StartupProcess.FIRST_STEP)).median(),
                        MOST_SECONDS_OF_A_STEP))
                .publish(folder, "startup");
    }
}
