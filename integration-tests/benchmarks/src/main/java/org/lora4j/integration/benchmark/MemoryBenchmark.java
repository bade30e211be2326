/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Resident memory of a process that trains adapters of rank 8 on all linear layers of MiniLM, 32 x 64 tokens, everything
 * included: Java, native libraries, the model. And whether it grows.
 *
 * <p>Arguments: the folder for the report, and optionally the number of steps (200).
 */
public final class MemoryBenchmark {

    private static final int STEPS = 200;
    private static final int RECOMPUTED_STEPS = 10;
    private static final double MOST_GIGABYTES = 0.9;
    private static final double MOST_GROWTH = 1.02;
    private static final double GIGABYTE = 1e9;

    /** What a user can set, too: a heap that is as small as the work allows, and few arenas of the C library. */
    static final List<String> OPTIONS = List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.maxbytes=3G",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=6G",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    static final Map<String, String> ENVIRONMENT =
            Map.of("OMP_NUM_THREADS", "1", "OMP_WAIT_POLICY", "PASSIVE", "MALLOC_ARENA_MAX", "2");

    private MemoryBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, steps
     * @throws IOException if the process fails or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        String steps = args.length > 1 ? args[1] : String.valueOf(STEPS);
        Map<String, Double> told = run(steps, "keep");
        Map<String, Double> recomputing = run(String.valueOf(RECOMPUTED_STEPS), "recompute");
        Summary summary = new Summary("MiniLM, memory of training: LoRA on all linear layers, 32 x 64", Machine.facts())
                .note("steps", steps)
                .note("Java", String.join(" ", OPTIONS));
        told.forEach((name, bytes) -> summary.note(name, String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)));
        recomputing.forEach((name, bytes) -> summary.note(
                name + ", activations computed again", String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)));
        List<Promise> promises = new ArrayList<>();
        promises.add(
                Promise.atMost("peak resident memory, GB", told.get(TrainingProcess.PEAK) / GIGABYTE, MOST_GIGABYTES));
        promises.add(Promise.atMost(
                "resident memory at the end / after a twentieth of the steps",
                told.get(TrainingProcess.END) / told.get(TrainingProcess.EARLY),
                MOST_GROWTH));
        promises.add(Promise.atMost(
                "peak with activations computed again / kept",
                recomputing.get(TrainingProcess.PEAK) / told.get(TrainingProcess.PEAK),
                1));
        promises.forEach(summary::promise);
        summary.publish(folder, "memory");
    }

    private static Map<String, Double> run(String steps, String activations) throws IOException {
        return ChildJava.run(TrainingProcess.class, OPTIONS, List.of(steps, activations), ENVIRONMENT);
    }
}
