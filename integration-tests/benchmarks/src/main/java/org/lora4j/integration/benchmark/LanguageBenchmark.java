/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.format.DType;

/**
 * Training of decoder language models with random weights of published shapes: a step against its bound, which is the products
 * of the linear layers and of the output head forwards and back to their inputs, in turns in one process; and resident memory,
 * everything included. Rank 8 on all linear layers of SmolLM-135M's shape, 4 x 256 tokens; on queries and values of
 * Qwen2.5-0.5B's shape in BF16, 1 x 128 tokens.
 *
 * <p>Arguments: the folder for the report, the number of steps that count, the clock ({@code wall} or {@code processor}), and
 * the number of threads.
 */
public final class LanguageBenchmark {

    private static final double MOST_STEP = 1.5;
    private static final double MOST_GIGABYTES = 2.5;
    private static final double MOST_GIGABYTES_RECOMPUTED = 1.5;
    private static final double MOST_GIGABYTES_HALF_BILLION = 3;
    private static final double GIGABYTE = 1e9;
    private static final int STEPS_FOR_MEMORY = 3;

    private final Summary summary;
    private final int threads;

    private LanguageBenchmark(Summary summary, int threads) {
        this.summary = summary;
        this.threads = threads;
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, steps, clock, threads
     * @throws IOException if a process fails or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int steps = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        boolean processor = args.length > 2 && args[2].equals("processor");
        int threads = args.length > 3 ? Integer.parseInt(args[3]) : 1;
        Summary summary = new Summary("Training decoders, random weights, threads: " + threads, Machine.facts());
        Path models = Files.createTempDirectory("lm");
        try {
            new LanguageBenchmark(summary, threads)
                    .run(models, steps, processor ? LanguageProcess.PROCESSOR : LanguageProcess.MEDIAN);
        } finally {
            for (String model : List.of("small", "half-billion")) {
                Files.deleteIfExists(models.resolve(model).resolve("model.safetensors"));
                Files.deleteIfExists(models.resolve(model).resolve("config.json"));
                Files.deleteIfExists(models.resolve(model));
            }
            Files.delete(models);
        }
        summary.publish(folder, "lm");
    }

    private void run(Path models, int steps, String clock) throws IOException {
        String small = models.resolve("small").toString();
        RandomModel.write(Path.of(small), RandomModel.SMALL, DType.F32);
        List<String> batch = List.of("4", "256");
        Map<String, Double> timed = told("135M, step", small, batch, steps + 1, "all", "keep", "bound");
        summary.promise(Promise.atMost(
                "135M, step / bound" + clock,
                timed.get(LanguageProcess.STEP + clock) / timed.get(LanguageProcess.BOUND + clock),
                MOST_STEP));
        Map<String, Double> kept = told("135M", small, batch, STEPS_FOR_MEMORY, "all", "keep");
        summary.promise(Promise.atMost("135M, peak, GB", kept.get(LanguageProcess.PEAK) / GIGABYTE, MOST_GIGABYTES));
        Map<String, Double> again = told("135M, recomputed", small, batch, STEPS_FOR_MEMORY, "all", "recompute");
        summary.promise(Promise.atMost(
                "135M, peak with activations computed again, GB",
                again.get(LanguageProcess.PEAK) / GIGABYTE,
                MOST_GIGABYTES_RECOMPUTED));
        String half = models.resolve("half-billion").toString();
        RandomModel.write(Path.of(half), RandomModel.HALF_BILLION, DType.BF16);
        Map<String, Double> larger =
                told("0.5B, BF16", half, List.of("1", "128"), STEPS_FOR_MEMORY, "q_proj,v_proj", "keep");
        summary.promise(Promise.atMost(
                "0.5B in BF16, peak without Java and ND4J, GB",
                (larger.get(LanguageProcess.PEAK) - larger.get(LanguageProcess.STARTED)) / GIGABYTE,
                MOST_GIGABYTES_HALF_BILLION));
    }

    private Map<String, Double> told(String name, String model, List<String> batch, int steps, String... how)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(model));
        arguments.addAll(batch);
        arguments.add(String.valueOf(steps));
        arguments.addAll(List.of(how));
        Map<String, String> environment = new HashMap<>(MemoryBenchmark.ENVIRONMENT);
        environment.put("OMP_NUM_THREADS", String.valueOf(threads));
        Map<String, Double> told =
                ChildJava.run(LanguageProcess.class, MemoryBenchmark.OPTIONS, arguments, environment);
        told.forEach((what, value) -> summary.note(
                name + ", " + what,
                value > GIGABYTE / 1e3
                        ? String.format(Locale.ROOT, "%.0f MB", value / 1e6)
                        : String.format(Locale.ROOT, "%.0f ms", value * 1e3)));
        return told;
    }
}
