/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lora4j.internal.language.decode.DecodeModel;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.internal.language.decode.ModuleUpdates;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Decoding with random weights of published shapes: a token of one sequence against the time to read the weights once, and a
 * prompt against the products of its linear layers alone. Both bounds are measured in the same turns, with the same threads,
 * over the same weights.
 *
 * <p>Arguments: the folder for the report, the number of rounds, the clock, the number of threads, a name, and optionally the
 * forms to measure. On a machine that others use, the processor's clock with one thread tells more than the wall's.
 */
public final class DecodeBenchmark {

    private static final int PROMPT = 512;
    private static final int TOKENS = 16;
    private static final double MOST_TOKEN = 1.5;
    private static final double MOST_TOKEN_INT8 = 2.0;
    private static final double MOST_PROMPT = 1.4;
    private static final double GIGABYTE = 1e9;

    private static final String HALF_BILLION = """
            {"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
             "num_attention_heads": 14, "num_key_value_heads": 2, "max_position_embeddings": 32768, "rope_theta": 1000000.0,
             "rms_norm_eps": 1e-06, "hidden_act": "silu", "tie_word_embeddings": true, "use_sliding_window": false}
            """;

    private static final String BILLION = """
            {"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
             "num_attention_heads": 32, "num_key_value_heads": 4, "max_position_embeddings": 2048, "rms_norm_eps": 1e-05,
             "hidden_act": "silu", "tie_word_embeddings": false}
            """;

    /** A model and the way its matrices are stored. */
    private record Form(String key, String config, DataType type, double mostToken) {}

    private static final List<Form> FORMS = List.of(
            new Form("0.5B-f32", HALF_BILLION, DataType.FLOAT, MOST_TOKEN),
            new Form("0.5B-bf16", HALF_BILLION, DataType.BFLOAT16, MOST_TOKEN),
            new Form("1.1B-int8", BILLION, DataType.INT8, MOST_TOKEN_INT8));

    private static TimedBy clock = TimedBy.WALL;

    private final int rounds;
    private final int threads;

    private DecodeBenchmark(int rounds, int threads) {
        this.rounds = rounds;
        this.threads = threads;
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock, threads, name, forms with commas between them
     * @throws IOException if the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        int threads = args.length > 3 ? Integer.parseInt(args[3]) : 2;
        clock = args.length > 2 ? TimedBy.of(args[2]) : TimedBy.WALL;
        if (clock != TimedBy.WALL && threads != 1) {
            throw new IllegalArgumentException("decode: the processor's clock with " + threads
                    + " threads; expected 1, since it is the clock of one. Pass -Dbenchmark.threads=1.");
        }
        List<String> wanted = args.length > 5 && !args[5].equals("all") ? List.of(args[5].split(",")) : List.of();
        Summary summary = new Summary("Decoding, random weights, " + threads + " threads", Machine.facts());
        for (Form form : FORMS) {
            if (wanted.isEmpty() || wanted.contains(form.key())) {
                new DecodeBenchmark(rounds, threads).run(form, summary);
            }
        }
        String java = System.getProperty("benchmark.java", "");
        if (java.isEmpty()) {
            summary.note("Jlama", "not asked; it needs a JDK of 21 or newer: -Dbenchmark.java=FOLDER");
        } else {
            double token = new JlamaPeer(Path.of(java)).token(threads);
            summary.note(
                    "Jlama 0.8.4, the shape of 0.5B-bf16, a token",
                    String.format(Locale.ROOT, "best %.1f ms: %.1f tokens a second", 1e3 * token, 1 / token));
        }
        summary.publish(folder, "decode");
    }

    private void run(Form form, Summary summary) throws IOException {
        Path directory = Files.createTempDirectory("decode");
        Files.writeString(directory.resolve("config.json"), form.config());
        long before = ProcessMemory.resident();
        try (RandomDecoder weights = RandomDecoder.of(directory, form.type());
                ReadSum read = new ReadSum(weights.matrices(), threads)) {
            DecodeModel model = new DecodeModel(weights.config(), weights);
            List<Double> tokens = new ArrayList<>();
            List<Double> reads = new ArrayList<>();
            List<Double> prompts = new ArrayList<>();
            List<Double> bounds = new ArrayList<>();
            long loaded;
            try (DecodeSession session = new DecodeSession(model, ModuleUpdates.NONE, threads)) {
                int[] decoded = {session.add()};
                session.feed(decoded, new int[][] {ids(16)});
                for (int i = 0; i < 3 * TOKENS; i++) {
                    session.feed(decoded, new int[][] {{i}});
                }
                loaded = ProcessMemory.resident();
                for (int round = 0; round < rounds; round++) {
                    for (int i = 0; i < TOKENS; i++) {
                        reads.add(read.seconds());
                        int id = i;
                        tokens.add(seconds(() -> session.feed(decoded, new int[][] {{id}})));
                    }
                }
                session.remove(decoded[0]);
                ProductBound bound = new ProductBound(weights.config(), PROMPT, threads);
                for (int round = 0; round < rounds; round++) {
                    int[] fresh = {session.add()};
                    prompts.add(seconds(() -> session.feed(fresh, new int[][] {ids(PROMPT)})));
                    session.remove(fresh[0]);
                    bounds.add(bound.seconds());
                }
                bound.close();
            }
            report(form, summary, weights, Timing.of(tokens), Timing.of(reads), Timing.of(prompts), Timing.of(bounds));
            summary.note(
                    form.key() + ", resident memory while decoding",
                    String.format(
                            Locale.ROOT,
                            "%.2f GB, of it weights %.2f GB, before %.2f GB",
                            loaded / GIGABYTE,
                            weights.bytes() / GIGABYTE,
                            before / GIGABYTE));
        }
    }

    private static void report(
            Form form, Summary summary, RandomDecoder weights, Timing token, Timing read, Timing prompt, Timing bound) {
        summary.note(
                form.key() + ", a token",
                String.format(
                        Locale.ROOT,
                        "best %.1f ms, median %.1f ms: %.1f tokens a second; reading the weights best %.1f ms, median %.1f ms: %.1f GB/s",
                        1e3 * token.best(),
                        1e3 * token.median(),
                        1 / token.median(),
                        1e3 * read.best(),
                        1e3 * read.median(),
                        weights.bytes() / read.best() / GIGABYTE));
        summary.note(
                form.key() + ", a prompt of " + PROMPT,
                String.format(
                        Locale.ROOT,
                        "best %.0f ms, median %.0f ms; its products alone, in F32, best %.0f ms, median %.0f ms",
                        1e3 * prompt.best(),
                        1e3 * prompt.median(),
                        1e3 * bound.best(),
                        1e3 * bound.median()));
        summary.promise(Promise.atMost(
                form.key() + ", a token / reading the weights", token.best() / read.best(), form.mostToken()));
        summary.promise(Promise.atMost(
                form.key() + ", prompt of " + PROMPT + " / its products", prompt.best() / bound.best(), MOST_PROMPT));
    }

    private static int[] ids(int count) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = (31 * i + 7) % 30000;
        }
        return ids;
    }

    static double seconds(Runnable work) {
        long start = now();
        work.run();
        return (now() - start) / 1e9;
    }

    private static long now() {
        return clock == TimedBy.WALL
                ? System.nanoTime()
                : ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
