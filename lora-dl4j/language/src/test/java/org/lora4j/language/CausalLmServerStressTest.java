/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.language.decode.DecodeSession;

/** Many threads ask while adapters come, go, change and are paged; each text is that of a state that existed. */
class CausalLmServerStressTest {

    private static final int THREADS = 6;
    private static final int FIXED = 3;
    private static final int SWAPPED = FIXED;
    private static final int PASSING = FIXED + 2;
    private static final int PROMPTS = 3;
    private static final long PAUSE = 5;

    private static final GenerationConfig CONFIG =
            GenerationConfig.builder().maxNewTokens(12).eosTokenIds().build();

    private final ServedModel stories = new ServedModel("stories260k");
    private final List<Adapter> adapters = new ArrayList<>();
    /** By adapter, the last without one, and prompt. */
    private final List<List<Generation>> expected = new ArrayList<>();

    @TempDir
    Path folder;

    /** What became of the requests of a thread. */
    private record Counts(int right, int ended) {

        Counts plus(Counts other) {
            return new Counts(right + other.right, ended + other.ended);
        }
    }

    private static int[] prompt(int number) {
        return IntStream.range(0, 2 + 9 * number)
                .map(i -> 3 + (i * 31 + number) % 500)
                .toArray();
    }

    @Test
    @Timeout(120)
    void texts_areThoseOfTheAdapterAlone_whileOthersComeAndGo() throws Exception {
        stress(12);
    }

    @Test
    @Tag("thorough")
    @Timeout(600)
    void texts_areThoseOfTheAdapterAlone_forLong() throws Exception {
        stress(400);
    }

    private void stress(int requests) throws Exception {
        for (int i = 0; i <= PASSING; i++) {
            adapters.add(stories.random(ServedModel.lora(2, "q_proj", "down_proj"), i, 0.3));
            adapters.get(i).save(folder.resolve("v" + i));
        }
        for (int i = 0; i <= adapters.size(); i++) {
            Adapter adapter = i < adapters.size() ? adapters.get(i) : null;
            expected.add(IntStream.range(0, PROMPTS)
                    .mapToObj(number -> stories.alone(adapter, prompt(number), CONFIG))
                    .toList());
        }
        int sessions = DecodeSession.openSessions();
        // 5 layers of rank 2: room for four of them.
        long cap = 4L * 4 * 5 * 2 * (64 + 64 + 64 + 172);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS + 1);
        CausalLmServer server = CausalLmServer.builder(stories.model)
                .maxSequences(5)
                .promptTokens(16)
                .adapterMemory(cap)
                .build();
        try {
            for (int i = 0; i < FIXED; i++) {
                server.register("fixed" + i, folder.resolve("v" + i));
            }
            server.register("swapped", folder.resolve("v" + SWAPPED));
            Future<Integer> changes = pool.submit(() -> change(server, done, cap));
            List<Future<Counts>> askers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                SplittableRandom random = new SplittableRandom(i);
                askers.add(pool.submit(() -> ask(server, random, requests)));
            }
            Counts counts = new Counts(0, 0);
            for (Future<Counts> asker : askers) {
                counts = counts.plus(asker.get());
            }
            done.set(true);
            assertThat(changes.get()).isPositive();
            assertThat(counts.right() + counts.ended()).isEqualTo(THREADS * requests);
            assertThat(counts.right()).isGreaterThan(THREADS * requests / 2);
            assertThat(server.drain(Duration.ofSeconds(30))).isTrue();
            assertThat(server.metrics().adapterBytes()).isLessThanOrEqualTo(cap);
        } finally {
            done.set(true);
            server.close();
            pool.shutdownNow();
        }
        assertThat(DecodeSession.openSessions()).isEqualTo(sessions);
    }

    private int change(CausalLmServer server, AtomicBoolean done, long cap) throws IOException, InterruptedException {
        int changes = 0;
        while (!done.get()) {
            server.replace("swapped", folder.resolve("v" + (SWAPPED + 1 - changes % 2)));
            server.register("passing", folder.resolve("v" + PASSING));
            assertThat(server.metrics().adapterBytes()).isLessThanOrEqualTo(cap);
            Thread.sleep(PAUSE);
            server.remove("passing");
            changes++;
        }
        return changes;
    }

    private Counts ask(CausalLmServer server, SplittableRandom random, int requests) {
        Counts counts = new Counts(0, 0);
        for (int i = 0; i < requests; i++) {
            int which = random.nextInt(FIXED + 3);
            int number = random.nextInt(PROMPTS);
            String name = which < FIXED
                    ? "fixed" + which
                    : List.of("swapped", "passing", CausalLmServer.BASE).get(which - FIXED);
            try {
                LmRequest request = server.submit(name, prompt(number), CONFIG, token -> true);
                if (random.nextInt(8) == 0) {
                    request.cancel();
                }
                Generation found = request.result();
                if (found.finishReason() == FinishReason.CANCELLED) {
                    counts = counts.plus(new Counts(0, 1));
                    continue;
                }
                List<Generation> possible = switch (name) {
                    case "swapped" -> List.of(text(SWAPPED, number), text(SWAPPED + 1, number));
                    case "passing" -> List.of(text(PASSING, number));
                    case CausalLmServer.BASE -> List.of(text(PASSING + 1, number));
                    default -> List.of(text(which, number));
                };
                assertThat(possible)
                        .as("%s after prompt %d", name, number)
                        .anyMatch(one -> Arrays.equals(one.newIds(), found.newIds()));
                counts = counts.plus(new Counts(1, 0));
            } catch (IllegalArgumentException | GenerationException e) {
                // It went before it was named, or before the request began.
                assertThat(e).hasMessageContaining("\"passing\" is not registered");
                counts = counts.plus(new Counts(0, 1));
            }
        }
        return counts;
    }

    private Generation text(int adapter, int prompt) {
        return expected.get(adapter).get(prompt);
    }
}
