/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.export.GgufExport;
import org.lora4j.export.GgufType;
import org.lora4j.format.DType;

/**
 * Decoder language models with random weights of published shapes. In parts, which can be asked for by name:
 *
 * <ul>
 *   <li>{@code steps}: a training step, rank 8 on all linear layers of SmolLM-135M's shape, 4 x 256 tokens, in turns with its
 *       bound, which is the products of the linear layers and of the output head forwards and back to their inputs, and with
 *       PyTorch, which computes the same loss;
 *   <li>{@code memory}: resident memory of training, everything included; also on queries and values of Qwen2.5-0.5B's shape in
 *       BF16, 1 x 128 tokens;
 *   <li>{@code tokens}: a token of a text of the small shape, in turns with llama.cpp;
 *   <li>{@code serving}: {@link ServingTokens}.
 * </ul>
 *
 * <p>Arguments: the folder for the report, the number of rounds, the clock ({@code wall} or {@code processor}), numbers of
 * threads with commas, a name, and parts with commas, or {@code all}. Serving takes all processors.
 */
public final class LanguageBenchmark {

    private static final double MOST_GIGABYTES = 2.5;
    private static final double MOST_GIGABYTES_RECOMPUTED = 1.5;
    private static final double MOST_GIGABYTES_HALF_BILLION = 3;
    private static final double GIGABYTE = 1e9;
    private static final int STEPS_FOR_MEMORY = 3;
    private static final double MOST_DIFFERENCE = 1e-3;

    private static final String STEPS = "steps";
    private static final String MEMORY = "memory";
    private static final String TOKENS = "tokens";
    private static final String SERVING = "serving";
    private static final List<String> PARTS = List.of(STEPS, MEMORY, TOKENS, SERVING);

    private final Path models;
    private final int rounds;
    private final TimedBy clock;
    private final Summary summary;

    private LanguageBenchmark(Path models, int rounds, TimedBy clock, Summary summary) {
        this.models = models;
        this.rounds = rounds;
        this.clock = clock;
        this.summary = summary;
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock, threads, name, parts
     * @throws IOException if a process fails or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        TimedBy clock = args.length > 2 ? TimedBy.of(args[2]) : TimedBy.WALL;
        String threads = args.length > 3 ? args[3] : "1,2";
        List<String> parts = args.length > 5 && !args[5].equals("all") ? List.of(args[5].split(",")) : PARTS;
        if (!PARTS.containsAll(parts)) {
            throw new IllegalArgumentException("lm: the parts are " + parts + "; expected some of " + PARTS
                    + ". Pass -Dbenchmark.only=steps,tokens.");
        }
        Summary summary = new Summary("Decoder language models, random weights", Machine.facts());
        summary.note("ratios are made of", clock + " time");
        Path models = Files.createTempDirectory("lm");
        try {
            LanguageBenchmark benchmark = new LanguageBenchmark(models, rounds, clock, summary);
            RandomModel.writeTokenizer(
                    models.resolve(RandomModel.SMALL_F32),
                    RandomModel.write(models.resolve(RandomModel.SMALL_F32), RandomModel.SMALL, DType.F32));
            for (String count : threads.split(",")) {
                benchmark.run(parts, Integer.parseInt(count.trim()));
            }
            if (parts.contains(SERVING)) {
                for (DType type : List.of(DType.F32, DType.BF16)) {
                    ServingTokens.run(models.resolve("serving-" + type), type, rounds, summary);
                }
            }
        } finally {
            try (Stream<Path> files = Files.walk(models)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        summary.publish(folder, "lm");
    }

    private void run(List<String> parts, int threads) throws IOException {
        String where = threads == 1 ? "1 thread" : threads + " threads";
        if (parts.contains(STEPS)) {
            steps(threads, where);
        }
        if (parts.contains(MEMORY)) {
            memory(threads, where);
        }
        if (parts.contains(TOKENS)) {
            tokens(threads, where);
        }
    }

    private Measurements measured(int threads, String where, List<String> keys) throws IOException {
        System.setProperty(DecoderTeam.MODELS, models.toString());
        PeerBenchmark peers = new PeerBenchmark(rounds, clock, Match.DECODER, String.join(",", keys));
        Measurements measured = peers.measure(threads);
        Map<String, String> facts = peers.facts();
        facts.keySet().removeAll(Machine.facts().keySet());
        facts.forEach((name, value) -> summary.note(name + ", " + where, value));
        double[] losses = Arrays.stream(facts.get(DecoderTeam.LOSS).split("; "))
                .mapToDouble(Double::parseDouble)
                .toArray();
        if (Math.abs(losses[0] - losses[losses.length - 1]) > MOST_DIFFERENCE) {
            throw new IllegalStateException("lm: the losses of the batch are " + facts.get(DecoderTeam.LOSS)
                    + "; expected the same to " + MOST_DIFFERENCE + " from equal weights.");
        }
        summary.table(where + ", " + keys.get(0), measured);
        return measured;
    }

    private void steps(int threads, String where) throws IOException {
        // The bound is that of one thread.
        List<String> keys = threads == 1
                ? List.of(DecoderTeam.STEP, DecoderTeam.BOUND, TorchDecoder.STEP)
                : List.of(DecoderTeam.STEP, TorchDecoder.STEP);
        Measurements measured = measured(threads, where, keys);
        Match.DECODER.claims().stream()
                .filter(claim -> keys.containsAll(claim.under()))
                .forEach(claim -> summary.promise(claim.judge(measured, clock, ", " + where)));
    }

    /** Ours beside llama.cpp's; the first with equal weights, the others of as many bits. */
    private void tokens(int threads, String where) throws IOException {
        Path half = models.resolve(RandomModel.SMALL_BF16);
        if (!Files.exists(half)) {
            RandomModel.writeTokenizer(half, RandomModel.write(half, RandomModel.SMALL, DType.BF16));
            for (String type : LlamaTeam.TYPES.values()) {
                GgufExport.of(models.resolve(RandomModel.SMALL_F32))
                        .type(GgufType.valueOf(type))
                        .write(models.resolve(type));
            }
        }
        List<String> ours = List.of(DecoderTeam.TOKEN, DecoderTeam.TOKEN_BF16, DecoderTeam.TOKEN_INT8);
        List<String> theirs = List.copyOf(LlamaTeam.TYPES.keySet());
        Measurements measured = measured(
                threads, where, Stream.of(ours, theirs).flatMap(List::stream).toList());
        for (int i = 0; i < ours.size(); i++) {
            String our = ours.get(i);
            String their = theirs.get(i);
            summary.note(
                    measured.has(our) ? measured.label(our) + ", " + where : our,
                    measured.has(our) && measured.has(their)
                            ? String.format(
                                    Locale.ROOT,
                                    "%.1f tokens a second; %s %.1f; ratio %.2f",
                                    1 / measured.median(our, clock),
                                    measured.label(their),
                                    1 / measured.median(their, clock),
                                    measured.ratio(their, our, clock))
                            : "not measured: " + measured.whyMissing(measured.has(our) ? their : our));
        }
    }

    private void memory(int threads, String where) throws IOException {
        String small = models.resolve(RandomModel.SMALL_F32).toString();
        List<String> batch = List.of(String.valueOf(DecoderTeam.ROWS), String.valueOf(DecoderTeam.TOKENS));
        Map<String, Double> kept = told("135M, " + where, threads, small, batch, "all", "keep");
        promise("135M, peak, GB, " + where, kept.get(LanguageProcess.PEAK), MOST_GIGABYTES);
        Map<String, Double> again = told("135M, recomputed, " + where, threads, small, batch, "all", "recompute");
        promise(
                "135M, peak with activations computed again, GB, " + where,
                again.get(LanguageProcess.PEAK),
                MOST_GIGABYTES_RECOMPUTED);
        Path half = models.resolve("half-billion");
        if (!Files.exists(half)) {
            RandomModel.write(half, RandomModel.HALF_BILLION, DType.BF16);
        }
        Map<String, Double> larger =
                told("0.5B, BF16, " + where, threads, half.toString(), List.of("1", "128"), "q_proj,v_proj", "keep");
        promise(
                "0.5B in BF16, peak without Java and ND4J, GB, " + where,
                larger.get(LanguageProcess.PEAK) - larger.get(LanguageProcess.STARTED),
                MOST_GIGABYTES_HALF_BILLION);
    }

    private void promise(String name, double bytes, double most) {
        summary.promise(Promise.atMost(name, bytes / GIGABYTE, most));
    }

    private Map<String, Double> told(String name, int threads, String model, List<String> batch, String... how)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(model));
        arguments.addAll(batch);
        arguments.add(String.valueOf(STEPS_FOR_MEMORY));
        arguments.addAll(List.of(how));
        Map<String, String> environment = new HashMap<>(MemoryBenchmark.ENVIRONMENT);
        environment.put("OMP_NUM_THREADS", String.valueOf(threads));
        Map<String, Double> told =
                ChildJava.run(LanguageProcess.class, MemoryBenchmark.OPTIONS, arguments, environment);
        told.forEach(
                (what, bytes) -> summary.note(name + ", " + what, String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)));
        return told;
    }
}
