/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.format.DType;
import org.lora4j.server.LoraServer;
import org.lora4j.server.ServerLimits;

/**
 * What a port costs: requests of a gloss of WordNet each, mixed over 100 adapters of all-MiniLM-L6-v2, through HTTP from a client in a process
 * of its own, beside direct calls of {@link org.lora4j.serve.AdapterServer} with the same glosses and adapters in batches that were made
 * before; how long requests take when they come at random times, at 70 % of what the port answered; and tokens of language models.
 *
 * <p>Arguments: the folder for the report, and optionally the number of rounds that count (6).
 */
public final class HttpBenchmark {

    private static final int ROUNDS = 6;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int AT_ONCE = 128;
    private static final long SEED = 1;
    private static final double LEAST_SHARE = 0.85;
    private static final double SHARE_OF_LOAD = 0.7;
    private static final double MOST_TIMES_MEDIAN = 5;

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
        Summary summary = new Summary("MiniLM, 100 adapters through HTTP", Machine.facts());
        try (ServedGlosses glosses = new ServedGlosses()) {
            encoder(glosses, rounds, summary);
        }
        Path models = Files.createTempDirectory("http-benchmark");
        for (DType type : List.of(DType.F32, DType.BF16)) {
            HttpTokens.run(models.resolve("lm-" + type), type, rounds, summary);
        }
        summary.publish(folder, "http");
    }

    private static void encoder(ServedGlosses glosses, int rounds, Summary summary) throws Exception {
        Path bodies = bodies(glosses);
        try (LoraServer port = LoraServer.builder()
                .encoder("minilm", glosses.server())
                .limits(ServerLimits.usual())
                .accessLog(line -> {})
                .port(0)
                .start()) {
            double[] through = new double[rounds];
            double[] shares = new double[rounds];
            double[] tails = new double[rounds];
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                Map<String, Double> closed = asked(port, bodies, 0);
                double direct = glosses.direct(glosses.mixed());
                Map<String, Double> open = asked(port, bodies, SHARE_OF_LOAD * closed.get("requests a second"));
                System.out.printf(
                        Locale.ROOT,
                        "round %d: %.1f through HTTP, %.1f direct; at 70 %%: median %.1f ms, p99 %.1f ms%n",
                        round + 1,
                        closed.get("requests a second"),
                        direct,
                        1e3 * open.get("median"),
                        1e3 * open.get("p99"));
                if (round >= 0) {
                    through[round] = closed.get("requests a second");
                    shares[round] = closed.get("requests a second") / direct;
                    tails[round] = open.get("p99") / open.get("median");
                }
            }
            Arrays.sort(shares);
            Arrays.sort(tails);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("", "100 adapters, mixed");
            row.put("through HTTP, best", Arrays.stream(through).max().orElseThrow());
            row.put("HTTP / direct, median", shares[rounds / 2]);
            row.put("p99 / median at 70 %, median", tails[rounds / 2]);
            summary.grid("requests a second", List.of(row));
            summary.promise(Promise.atLeast("requests a second, HTTP / direct", shares[rounds / 2], LEAST_SHARE));
            summary.promise(Promise.atMost("p99 / median at 70 % of the load", tails[rounds / 2], MOST_TIMES_MEDIAN));
        }
    }

    private static Map<String, Double> asked(LoraServer port, Path bodies, double rate) throws IOException {
        Map<String, Double> told = ChildJava.run(
                HttpLoadClient.class,
                List.of("-Xmx512m", "-XX:+UseSerialGC"),
                List.of(
                        Integer.toString(port.port()),
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

    private static Path bodies(ServedGlosses glosses) throws IOException {
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < glosses.texts().size(); i++) {
            String text = glosses.texts().get(i).replace("\\", "\\\\").replace("\"", "\\\"");
            bodies.add("{\"model\": \"" + glosses.mixed().get(i) + "\", \"inputs\": \"" + text
                    + "\", \"truncate\": true}");
        }
        return Files.write(Files.createTempFile("http-benchmark", ".jsonl"), bodies);
    }
}
