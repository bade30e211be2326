/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.text.TextServer;

/**
 * Requests a second of a {@link TextServer} over all-MiniLM-L6-v2: one gloss of WordNet in each, mixed over 100 adapters, as many at once as
 * keep it busy; beside direct calls of {@link AdapterServer} with the same glosses and adapters in batches that were made before, by as many
 * threads. What is between them is tokenizing, the queue, and the futures.
 *
 * <p>Arguments: the folder for the report, and optionally the number of rounds that count (6).
 */
public final class TextServerBenchmark {

    private static final int ROUNDS = 6;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int AT_ONCE = 256;
    private static final double LEAST_SHARE = 0.85;
    private static final double LEAST_SHARE_OF_BASE = 0.85;

    private TextServerBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws Exception if the model or the texts are missing, or a request fails
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        run(rounds).publish(Path.of(args.length > 0 ? args[0] : "target/benchmark"), "textserver");
    }

    private static Summary run(int rounds) throws Exception {
        try (ServedGlosses glosses = new ServedGlosses()) {
            Summary summary = new Summary("MiniLM, texts of 100 adapters through a server", Machine.facts())
                    .note("requests of a round", glosses.texts().size())
                    .note("workers", glosses.workers());
            List<Map<String, Object>> rows = new ArrayList<>();
            compare("100 adapters, mixed", glosses, glosses.mixed(), rounds, LEAST_SHARE, rows, summary);
            compare("the base", glosses, glosses.base(), rounds, LEAST_SHARE_OF_BASE, rows, summary);
            summary.note("the server", glosses.totals());
            return summary.grid("requests a second", rows);
        }
    }

    private static void compare(
            String what,
            ServedGlosses glosses,
            List<String> adapters,
            int rounds,
            double least,
            List<Map<String, Object>> rows,
            Summary summary)
            throws Exception {
        double[] through = new double[rounds];
        double[] alone = new double[rounds];
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            ServedGlosses.BatchSizes sizes = glosses.sizes();
            double served = requestsPerSecond(glosses, adapters);
            int most = sizes.rows();
            double computed = glosses.direct(adapters, AT_ONCE, most);
            System.out.printf(
                    Locale.ROOT,
                    "%s, round %d: %.1f served in batches of %d rows, %.1f direct%n",
                    what,
                    round + 1,
                    served,
                    most,
                    computed);
            if (round >= 0) {
                through[round] = served;
                alone[round] = computed;
            }
        }
        double[] shares = IntStream.range(0, rounds)
                .mapToDouble(i -> through[i] / alone[i])
                .sorted()
                .toArray();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("", what);
        row.put(
                "server, best",
                IntStream.range(0, rounds).mapToDouble(i -> through[i]).max().orElseThrow());
        row.put(
                "direct, best",
                IntStream.range(0, rounds).mapToDouble(i -> alone[i]).max().orElseThrow());
        row.put("server / direct, median", shares[rounds / 2]);
        rows.add(row);
        summary.promise(Promise.atLeast("requests a second, server / direct, " + what, shares[rounds / 2], least));
    }

    private static double requestsPerSecond(ServedGlosses glosses, List<String> adapters) throws Exception {
        List<String> texts = glosses.texts();
        TextServer server = glosses.server();
        Semaphore free = new Semaphore(AT_ONCE);
        Queue<Throwable> failed = new ConcurrentLinkedQueue<>();
        long from = System.nanoTime();
        for (int i = 0; i < texts.size(); i++) {
            free.acquire();
            server.embed(adapters.get(i), List.of(texts.get(i))).whenComplete((answer, failure) -> {
                if (failure != null) {
                    failed.add(failure);
                }
                free.release();
            });
        }
        free.acquire(AT_ONCE);
        double seconds = (System.nanoTime() - from) / 1e9;
        if (!failed.isEmpty()) {
            throw new IllegalStateException("a request failed", failed.peek());
        }
        return texts.size() / seconds;
    }
}
