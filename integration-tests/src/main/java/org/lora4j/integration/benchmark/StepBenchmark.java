/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Times a training step of all-MiniLM-L6-v2: LoRA, head only and full fine-tuning through this library, full fine-tuning
 * through stock SameDiff, and the bound that no step can beat. All take turns in one JVM.
 *
 * <p>Arguments: the folder for {@code step-benchmark.json}, and optionally the number of rounds that count (6).
 */
public final class StepBenchmark {

    private static final int STEPS_PER_TURN = 2;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int ROUNDS = 6;
    private static final String FILE = "step-benchmark.json";

    private StepBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws IOException if the model is missing or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        Files.createDirectories(folder);
        System.out.printf(
                "MiniLM, batch %d x length %d, FLOAT; LoRA rank %d on all linear layers and a head of %d classes%n",
                Workload.BATCH, Workload.LENGTH, Workload.RANK, Workload.CLASSES);
        Map<String, String> machine = Machine.facts();
        machine.forEach((name, value) -> System.out.printf("%-14s %s%n", name, value));

        Workload workload = new Workload(STEPS_PER_TURN);
        BenchmarkReport report = new BenchmarkReport(
                machine, workload.contenders(), measure(workload.contenders(), rounds), workload.boundOperations());
        System.out.printf("%n%s", report.text());
        report.write(folder.resolve(FILE));
        System.out.printf(
                "%nAlso in %s%n", folder.resolve(FILE).toAbsolutePath().normalize());
    }

    private static Map<String, Timing> measure(List<Contender> contenders, int rounds) {
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        contenders.forEach(contender -> seconds.put(contender.key(), new ArrayList<>()));
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            for (Contender contender : contenders) {
                List<Double> turn = contender.turn().get();
                if (round >= 0) {
                    seconds.get(contender.key()).addAll(turn);
                }
            }
            System.out.printf(
                    "%s %d of %d%n",
                    round < 0 ? "warm-up round" : "round",
                    round < 0 ? round + WARM_UP_ROUNDS + 1 : round + 1,
                    round < 0 ? WARM_UP_ROUNDS : rounds);
        }
        Map<String, Timing> timings = new LinkedHashMap<>();
        seconds.forEach((key, values) -> timings.put(key, Timing.of(values)));
        return timings;
    }
}
