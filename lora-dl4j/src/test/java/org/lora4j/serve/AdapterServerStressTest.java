/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Many threads ask while adapters come, go, change and are paged; each answer is that of a state that existed. */
class AdapterServerStressTest {

    private static final int THREADS = 8;
    private static final int BATCHES = 40;
    private static final int ROWS = 6;
    private static final int INPUTS = 4;
    private static final int ADAPTERS = 6;
    private static final long PAUSE = 5;
    private static final long CAP = 700;

    private final SplittableRandom random = new SplittableRandom(11);
    private final SameDiff base = ServedGraph.base();
    private final List<INDArray> inputs = new ArrayList<>();

    /** Answers by adapter (the base last) and input. */
    private final List<List<INDArray>> expected = new ArrayList<>();

    @TempDir
    Path folder;

    private static boolean close(INDArray found, INDArray expected) {
        return found.sub(expected).amaxNumber().doubleValue()
                <= 1e-5 * Math.max(1, expected.amaxNumber().doubleValue());
    }

    @Test
    @Timeout(120)
    void answers_areThoseOfTheAdapterAlone_whileOthersComeAndGo() throws Exception {
        List<Adapter> adapters = new ArrayList<>();
        for (int i = 0; i < INPUTS; i++) {
            inputs.add(ServedGraph.ids(random, 1, 3));
        }
        for (int i = 0; i < ADAPTERS; i++) {
            adapters.add(ServedGraph.random(random));
            adapters.get(i).save(folder.resolve("v" + i));
        }
        for (int i = 0; i <= ADAPTERS; i++) {
            Adapter adapter = i < ADAPTERS ? adapters.get(i) : null;
            INDArray together = Nd4j.concat(0, inputs.toArray(new INDArray[0]));
            INDArray answers = ServedGraph.expected(base, adapter, together);
            expected.add(IntStream.range(0, INPUTS)
                    .mapToObj(row -> RowCheck.rows(answers, row, row + 1))
                    .toList());
        }
        // Room for the largest, and not for all.
        AdapterServer server = ServedGraph.server().memoryCap(CAP).build();
        // fixed0 to fixed2 stay, paged as need be; "swapped" alternates between 3 and 4; "passing" comes and goes.
        for (int i = 0; i < 3; i++) {
            server.register("fixed" + i, folder.resolve("v" + i));
        }
        server.register("swapped", folder.resolve("v3"));
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS + 1);
        try {
            Future<Integer> changes = pool.submit(() -> change(server, done));
            List<Future<int[]>> askers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                SplittableRandom own = random.split();
                askers.add(pool.submit(() -> ask(server, own)));
            }
            int answered = 0;
            int passing = 0;
            for (Future<int[]> asker : askers) {
                answered += asker.get()[0];
                passing += asker.get()[1];
            }
            done.set(true);
            assertThat(changes.get()).isGreaterThan(3);
            assertThat(server.residentBytes()).isLessThanOrEqualTo(CAP);
            assertThat(server.status()).extracting(ServedStatus::resident).contains(false);
            assertThat(answered + passing).isEqualTo(THREADS * BATCHES * ROWS);
        } finally {
            done.set(true);
            pool.shutdownNow();
        }
    }

    private int change(AdapterServer server, AtomicBoolean done) throws IOException, InterruptedException {
        int changes = 0;
        while (!done.get()) {
            server.replace("swapped", folder.resolve(changes % 2 == 0 ? "v4" : "v3"));
            server.register("passing", folder.resolve("v5"));
            Thread.sleep(PAUSE);
            server.remove("passing");
            changes++;
        }
        return changes;
    }

    /** How many rows were answered rightly, and how many failed because "passing" was not there. */
    private int[] ask(AdapterServer server, SplittableRandom own) {
        String[] names = {"fixed0", "fixed1", "fixed2", "swapped", "passing", AdapterServer.BASE};
        int[][] versions = {{0}, {1}, {2}, {3, 4}, {5}, {ADAPTERS}};
        int[] counts = new int[2];
        for (int batch = 0; batch < BATCHES; batch++) {
            List<ServingRequest> requests = new ArrayList<>();
            int[] chosen = new int[ROWS];
            int[] input = new int[ROWS];
            for (int row = 0; row < ROWS; row++) {
                chosen[row] = own.nextInt(names.length);
                input[row] = own.nextInt(INPUTS);
                requests.add(new ServingRequest(names[chosen[row]], Map.of(ServedGraph.IDS, inputs.get(input[row]))));
            }
            List<ServingResult> results = server.predict(requests);
            for (int row = 0; row < ROWS; row++) {
                if (results.get(row) instanceof ServingResult.Failure failure) {
                    assertThat(failure.reason()).contains("\"passing\" is not registered");
                    counts[1]++;
                    continue;
                }
                INDArray found = results.get(row).outputs().get(ServedGraph.OUTPUT);
                boolean right = false;
                for (int version : versions[chosen[row]]) {
                    right |= close(found, expected.get(version).get(input[row]));
                }
                assertThat(right).as(names[chosen[row]] + ": " + found).isTrue();
                counts[0]++;
            }
        }
        return counts;
    }
}
