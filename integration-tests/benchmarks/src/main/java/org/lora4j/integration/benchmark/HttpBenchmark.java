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
import java.util.function.ToDoubleFunction;
import org.lora4j.format.DType;
import org.lora4j.integration.demonstration.ProcessorTime;
import org.lora4j.serve.text.TextLimits;
import org.lora4j.serve.text.TextServer;
import org.lora4j.server.LoraServer;
import org.lora4j.server.ServerLimits;

/**
 * What a port costs: requests of a gloss of WordNet each, mixed over 100 adapters of all-MiniLM-L6-v2, through HTTP from a client in a process
 * of its own, beside direct calls of {@link org.lora4j.serve.AdapterServer} with the same glosses and adapters in batches that were made
 * before, and beside ONNX Runtime behind the same layer; how long requests take when they come at random times, at 70 % of what the port
 * answered; and tokens of language models, beside llama.cpp behind the same layer.
 *
 * <p>Arguments: the folder for the report, the number of rounds that count (6), three that it does not read, and parts with commas:
 * {@code encoder}, {@code tokens}, or {@code all}.
 */
public final class HttpBenchmark {

    private static final String ENCODER_PART = "encoder";
    private static final String TOKENS = "tokens";
    private static final List<String> PARTS = List.of(ENCODER_PART, TOKENS);
    private static final int ROUNDS = 6;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int AT_ONCE = 128;
    private static final long SEED = 1;
    private static final double LEAST_SHARE = 0.85;
    private static final double SHARE_OF_LOAD = 0.7;
    private static final double MOST_TIMES_MEDIAN = 5;
    private static final double LEAST_OF_ONNX = 0.8;
    private static final double MOST_DIFFERENCE = 1e-4;
    private static final String ENCODER = "minilm";
    private static final String A_SECOND = "requests a second";

    private HttpBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws Exception if the model or the texts are missing, or a request fails
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        List<String> parts = args.length > 5 && !args[5].equals("all") ? List.of(args[5].split(",")) : PARTS;
        if (!PARTS.containsAll(parts)) {
            throw new IllegalArgumentException(
                    "http: the parts are " + parts + "; expected some of " + PARTS + ". Pass -Dbenchmark.only=tokens.");
        }
        Summary summary = new Summary("MiniLM, 100 adapters through HTTP", Machine.facts());
        if (parts.contains(ENCODER_PART)) {
            try (ServedGlosses glosses = new ServedGlosses()) {
                encoder(glosses, rounds, summary);
            }
        }
        if (parts.contains(TOKENS)) {
            Path models = Files.createTempDirectory("http-benchmark");
            for (DType type : List.of(DType.F32, DType.BF16)) {
                HttpTokens.run(models.resolve("lm-" + type), type, rounds, summary);
            }
        }
        summary.publish(folder, "http");
        // Threads of llama.cpp that Java knows end without telling it, and it would wait for them.
        System.exit(0);
    }

    /** What of one round is compared. */
    private record Round(
            double mixed,
            double base,
            int batch,
            double direct,
            double processor,
            double client,
            double onnx,
            double median,
            double p99) {

        void print(int number) {
            System.out.printf(
                    Locale.ROOT,
                    "round %d: %.1f through HTTP in batches of %d rows, %.1f the base alone, %.1f direct (processor time of the server / direct %.2f),"
                            + " %.1f ONNX Runtime; at 70 %%: median %.1f ms, p99 %.1f ms%n",
                    number,
                    mixed,
                    batch,
                    base,
                    direct,
                    processor,
                    onnx,
                    1e3 * median,
                    1e3 * p99);
        }
    }

    private static void encoder(ServedGlosses glosses, int rounds, Summary summary) throws Exception {
        Path mixed = bodies(glosses, glosses.mixed());
        Path base =
                bodies(glosses, glosses.texts().stream().map(text -> ENCODER).toList());
        TextLimits limits = TextLimits.usual();
        List<Round> found = new ArrayList<>();
        try (LoraServer port = LoraServer.builder()
                        .encoder(ENCODER, glosses.server())
                        .limits(ServerLimits.usual())
                        .accessLog(line -> {})
                        .port(0)
                        .start();
                OnnxPort onnx = new OnnxPort(
                        OnnxTeam.file(),
                        glosses.encoder(),
                        glosses.workers(),
                        limits.batchRows(),
                        limits.batchTokens())) {
            requireSame(glosses, onnx);
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                ServedGlosses.BatchSizes sizes = glosses.sizes();
                double before = ProcessorTime.seconds();
                Map<String, Double> told = asked(port.port(), mixed, 0);
                double closed = told.get(A_SECOND);
                double between = ProcessorTime.seconds();
                int batch = sizes.rows();
                double direct = glosses.direct(glosses.mixed(), AT_ONCE, batch);
                // The client asks once more to warm up.
                double processor = (between - before) / (2 * (ProcessorTime.seconds() - between));
                Map<String, Double> open = asked(port.port(), mixed, SHARE_OF_LOAD * closed);
                Round one = new Round(
                        closed,
                        asked(port.port(), base, 0).get(A_SECOND),
                        batch,
                        direct,
                        processor,
                        told.get(HttpLoadClient.PROCESSOR),
                        asked(onnx.port(), base, 0).get(A_SECOND),
                        open.get("median"),
                        open.get("p99"));
                one.print(round + 1);
                if (round >= 0) {
                    found.add(one);
                }
            }
        }
        summary.grid(
                A_SECOND,
                List.of(
                        row("100 adapters, mixed", found, Round::mixed),
                        row("the base", found, Round::base),
                        row("direct calls, 100 adapters", found, Round::direct),
                        row("ONNX Runtime behind the same layer, the base", found, Round::onnx)));
        summary.note("processor time of the server's process / direct calls, median", median(found, Round::processor));
        summary.note(
                "milliseconds of processor time that the client takes for a request, median",
                median(found, Round::client));
        summary.note("the server of texts", glosses.totals());
        double leastOfBase = Machine.has("avx512f") ? 1.0 : 0.95;
        summary.promise(Promise.atLeast(
                "requests a second, HTTP / direct", median(found, one -> one.mixed() / one.direct()), LEAST_SHARE));
        summary.promise(Promise.atMost(
                "p99 / median at 70 % of the load", median(found, one -> one.p99() / one.median()), MOST_TIMES_MEDIAN));
        summary.promise(Promise.atLeast(
                "requests a second, the base / ONNX Runtime",
                median(found, one -> one.base() / one.onnx()),
                leastOfBase));
        summary.promise(Promise.atLeast(
                "requests a second, 100 adapters / ONNX Runtime's base",
                median(found, one -> one.mixed() / one.onnx()),
                LEAST_OF_ONNX));
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> of) {
        double[] sorted = rounds.stream().mapToDouble(of).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static Map<String, Object> row(String name, List<Round> rounds, ToDoubleFunction<Round> of) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("", name);
        row.put("best", rounds.stream().mapToDouble(of).max().orElseThrow());
        row.put("median", median(rounds, of));
        return row;
    }

    /** A peer that computes something else would prove nothing. */
    private static void requireSame(ServedGlosses glosses, OnnxPort onnx) {
        String text = glosses.texts().get(0);
        float[] ours = glosses.server()
                .embed(TextServer.BASE, List.of(text))
                .join()
                .results()
                .get(0);
        float[] theirs = onnx.of(text).join();
        for (int i = 0; i < ours.length; i++) {
            if (Math.abs(ours[i] - theirs[i]) > MOST_DIFFERENCE) {
                throw new IllegalStateException("number " + i + " of a vector is " + ours[i] + ", of ONNX Runtime "
                        + theirs[i] + "; expected the same to " + MOST_DIFFERENCE);
            }
        }
    }

    private static Map<String, Double> asked(int port, Path bodies, double rate) throws IOException {
        Map<String, Double> told = ChildJava.run(
                HttpLoadClient.class,
                HttpLoadClient.OPTIONS,
                List.of(
                        Integer.toString(port),
                        bodies.toString(),
                        Integer.toString(rate > 0 ? 4 * AT_ONCE : AT_ONCE),
                        Double.toString(rate),
                        Long.toString(SEED)),
                Map.of());
        if (told.get("wrong") > 0) {
            throw new IOException(told.get("wrong") + " requests were not answered with 200");
        }
        return told;
    }

    private static Path bodies(ServedGlosses glosses, List<String> models) throws IOException {
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < glosses.texts().size(); i++) {
            String text = glosses.texts().get(i).replace("\\", "\\\\").replace("\"", "\\\"");
            bodies.add("{\"model\": \"" + models.get(i) + "\", \"inputs\": \"" + text + "\", \"truncate\": true}");
        }
        return Files.write(Files.createTempFile("http-benchmark", ".jsonl"), bodies);
    }
}
