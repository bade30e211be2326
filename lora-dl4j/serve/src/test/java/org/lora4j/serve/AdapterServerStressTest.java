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
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Many threads ask while adapters come, go, change and are paged; each answer is that of a state that existed. */
class AdapterServerStressTest {

    private static final int THREADS = 8;
    private static final int ROWS = 8;
    private static final int INPUTS = 4;
    private static final int FIXED = 3;
    private static final long PAUSE = 5;

    /** The adapter that comes and goes, and the two that take turns under one name. */
    private static final int PASSING = FIXED;

    private static final int SWAPPED = FIXED + 1;
    private static final int NONE = FIXED + 3;

    private final SplittableRandom random = new SplittableRandom(11);
    private final List<Map<String, INDArray>> inputs = new ArrayList<>();

    /** Answers by adapter (the base last) and input. */
    private final List<List<Map<String, INDArray>>> expected = new ArrayList<>();

    @TempDir
    Path folder;

    @Test
    @Timeout(300)
    void answersOfAGraph_areThoseOfTheAdapterAlone_whileOthersComeAndGo() throws Exception {
        answers_areThoseOfTheAdapterAlone_whileOthersComeAndGo("graph", ServedGraph.host(), 20);
    }

    static Stream<Arguments> hosts() {
        return Stream.of(
                Arguments.of("graph, for long", ServedGraph.host(), 400),
                Arguments.of("layers", ServedNetwork.LAYERS, 100),
                Arguments.of("series", ServedNetwork.TIMES, 20));
    }

    @Tag("thorough")
    @ParameterizedTest(name = "{0}")
    @MethodSource("hosts")
    @Timeout(300)
    void answers_areThoseOfTheAdapterAlone_whileOthersComeAndGo(String name, ServedHost host, int batches)
            throws Exception {
        List<Adapter> adapters = new ArrayList<>();
        while (adapters.size() < SWAPPED) {
            adapters.add(host.random(random));
        }
        // Every tensor differs between the two, so that parts of one within the other are seen in the answer.
        Adapter form = largest(host);
        adapters.add(ServedHost.filled(form, 0.1));
        adapters.add(ServedHost.filled(form, -0.2));
        for (int i = 0; i < INPUTS; i++) {
            inputs.add(host.inputs(random, 1));
        }
        for (int i = 0; i <= adapters.size(); i++) {
            Adapter adapter = i < adapters.size() ? adapters.get(i) : null;
            if (adapter != null) {
                adapter.save(folder.resolve("v" + i));
            }
            expected.add(inputs.stream().map(one -> host.expected(adapter, one)).toList());
        }
        // Room for the largest, and not for all.
        long all = adapters.subList(0, SWAPPED + 1).stream()
                .mapToLong(AdapterServerStressTest::bytes)
                .sum();
        long cap = Math.max(bytes(form), all / 2);
        AdapterServer server = host.server().adapterMemory(cap).build();
        for (int i = 0; i < FIXED; i++) {
            server.register("fixed" + i, folder.resolve("v" + i));
        }
        server.register("swapped", folder.resolve("v" + SWAPPED));
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS + 1);
        try {
            Future<Integer> changes = pool.submit(() -> change(server, done));
            List<Future<Counts>> askers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                SplittableRandom own = random.split();
                askers.add(pool.submit(() -> ask(server, own, batches)));
            }
            Counts counts = new Counts(0, 0);
            for (Future<Counts> asker : askers) {
                counts = counts.plus(asker.get());
            }
            done.set(true);
            assertThat(changes.get()).isGreaterThan(3);
            assertThat(counts.answered() + counts.passed()).isEqualTo(THREADS * batches * ROWS);
            assertThat(counts.answered()).isGreaterThan(THREADS * batches * ROWS / 2);
            assertThat(server.residentBytes()).isLessThanOrEqualTo(cap);
            assertThat(server.status()).extracting(ServedStatus::resident).contains(false);
        } finally {
            done.set(true);
            pool.shutdownNow();
        }
    }

    private Adapter largest(ServedHost host) {
        Adapter found = host.random(random);
        for (int i = 0; i < 20; i++) {
            Adapter other = host.random(random);
            found = bytes(other) > bytes(found) ? other : found;
        }
        return found;
    }

    private static long bytes(Adapter adapter) {
        long elements = Stream.concat(
                        adapter.modules().values().stream().flatMap(factors -> factors.values().stream()),
                        adapter.savedParameters().values().stream())
                .mapToLong(INDArray::length)
                .sum();
        return Float.BYTES * elements;
    }

    private int change(AdapterServer server, AtomicBoolean done) throws IOException, InterruptedException {
        int changes = 0;
        while (!done.get()) {
            server.replace("swapped", folder.resolve("v" + (SWAPPED + 1 - changes % 2)));
            server.register("passing", folder.resolve("v" + PASSING));
            Thread.sleep(PAUSE);
            server.remove("passing");
            changes++;
        }
        return changes;
    }

    /** How many rows were answered rightly, and how many failed because "passing" was not there. */
    private record Counts(int answered, int passed) {
        Counts plus(Counts other) {
            return new Counts(answered + other.answered, passed + other.passed);
        }
    }

    private Counts ask(AdapterServer server, SplittableRandom own, int batches) {
        String[] names = {"fixed0", "fixed1", "fixed2", "swapped", "passing", AdapterServer.BASE};
        int[][] versions = {{0}, {1}, {2}, {SWAPPED, SWAPPED + 1}, {PASSING}, {NONE}};
        int answered = 0;
        int passed = 0;
        for (int batch = 0; batch < batches; batch++) {
            List<ServingRequest> requests = new ArrayList<>();
            int[] chosen = new int[ROWS];
            int[] input = new int[ROWS];
            for (int row = 0; row < ROWS; row++) {
                chosen[row] = own.nextInt(names.length);
                input[row] = own.nextInt(INPUTS);
                requests.add(new ServingRequest(names[chosen[row]], inputs.get(input[row])));
            }
            List<ServingResult> results = server.predict(requests);
            for (int row = 0; row < ROWS; row++) {
                if (results.get(row) instanceof ServingResult.Failure failure) {
                    assertThat(failure.reason()).contains("\"passing\" is not registered");
                    passed++;
                    continue;
                }
                Map<String, INDArray> found = results.get(row).outputs();
                boolean right = false;
                for (int version : versions[chosen[row]]) {
                    right |= isClose(found, expected.get(version).get(input[row]));
                }
                assertThat(right).as(names[chosen[row]] + ": " + found).isTrue();
                answered++;
            }
        }
        return new Counts(answered, passed);
    }

    private static boolean isClose(Map<String, INDArray> found, Map<String, INDArray> expected) {
        return found.keySet().equals(expected.keySet())
                && found.entrySet().stream()
                        .allMatch(entry -> ServedHost.isClose(entry.getValue(), expected.get(entry.getKey())));
    }
}
