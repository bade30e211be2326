/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServedBy;

@Timeout(20)
class FairQueueTest {

    private static final int ANY = Integer.MAX_VALUE;

    /** A job whose rows have these lengths; nothing of the encoder is asked. */
    private static TextJob<float[]> job(String adapter, int... lengths) {
        TaskEntry entry = new TaskEntry(
                new ServedBy(adapter, "", 1),
                TaskKind.VECTORS,
                Optional.empty(),
                null,
                AdapterServer.BASE,
                Optional.empty(),
                new AdapterMeter());
        List<TextWork.Row<float[]>> rows = new ArrayList<>();
        for (int length : lengths) {
            int[] ids = new int[length];
            rows.add(new TextWork.Row<>(new TokenizedText(ids, ids, ids, false), Function.identity()));
        }
        return new TextJob<>(entry, false, rows, vector -> {});
    }

    private static TextJob<float[]> add(FairQueue queue, String adapter, int... lengths) {
        TextJob<float[]> job = job(adapter, lengths);
        assertThat(queue.add(adapter, job.rows(), ANY)).isEqualTo(-1);
        return job;
    }

    private static List<TextRow> take(FairQueue queue) {
        try {
            return queue.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            queue.done();
        }
    }

    private static Map<String, Long> byAdapter(List<TextRow> rows) {
        return rows.stream()
                .collect(Collectors.groupingBy(row -> row.job().entry().by().adapter(), Collectors.counting()));
    }

    private static int[] times(int count, int length) {
        return IntStream.range(0, count).map(i -> length).toArray();
    }

    @Test
    void rowsOfSimilarLength_goTogether_theLongestWaitingFirst() {
        FairQueue queue = new FairQueue(64, 4096, 1);
        add(queue, "a", 200, 5, 201, 6);

        List<TextRow> first = take(queue);
        List<TextRow> second = take(queue);

        assertThat(first).extracting(TextRow::length).containsExactly(200, 201);
        assertThat(second).extracting(TextRow::length).containsExactly(5, 6);
        assertThat(queue.waiting()).isZero();
    }

    @Test
    void shorterRows_comeAlong_whereTheirPaddingCostsLessThanABatch() {
        FairQueue queue = new FairQueue(64, 4096, 1);
        add(queue, "a", 20, 15, 7);

        assertThat(take(queue)).extracting(TextRow::length).containsExactly(20, 15, 7);
    }

    @Test
    void batch_holdsNoMoreRowsAndTokensThanItsBounds_butOneRowAlways() {
        FairQueue queue = new FairQueue(4, 100, 1);
        add(queue, "a", times(6, 8));
        assertThat(take(queue)).hasSize(4);
        assertThat(take(queue)).hasSize(2);

        add(queue, "a", times(5, 30));
        assertThat(take(queue)).hasSize(3);
        assertThat(take(queue)).hasSize(2);

        add(queue, "a", 500);
        assertThat(take(queue)).hasSize(1);
    }

    @Test
    void adapterWithManyRows_doesNotHoldUpOthers() {
        FairQueue queue = new FairQueue(10, 10_000, 1);
        add(queue, "many", times(1_000, 8));
        take(queue);
        add(queue, "few", times(3, 8));
        add(queue, "other", times(3, 8));

        List<TextRow> next = take(queue);

        assertThat(byAdapter(next))
                .containsEntry("few", 3L)
                .containsEntry("other", 3L)
                .containsEntry("many", 4L);
    }

    @Test
    void adapters_getEqualTokens_notEqualRows() {
        FairQueue queue = new FairQueue(8, 10_000, 1);
        add(queue, "long", times(200, 400));
        add(queue, "short", times(200, 100));
        long[] tokens = new long[2];

        for (int i = 0; i < 20; i++) {
            for (TextRow row : take(queue)) {
                tokens[row.job().entry().by().adapter().equals("long") ? 0 : 1] += row.length();
            }
        }

        assertThat(queue.waiting()).isPositive();
        // Within one batch of long rows: 8 of 400 tokens.
        assertThat(Math.abs(tokens[0] - tokens[1])).isLessThanOrEqualTo(3_200);
    }

    @Test
    void whoComesBack_hasNoMoreThanOthers() {
        FairQueue queue = new FairQueue(4, 10_000, 1);
        add(queue, "rested", 8);
        take(queue);
        add(queue, "busy", times(100, 8));
        for (int i = 0; i < 10; i++) {
            take(queue);
        }

        add(queue, "rested", times(100, 8));
        Map<String, Long> next = byAdapter(IntStream.range(0, 10)
                .mapToObj(i -> take(queue))
                .flatMap(List::stream)
                .toList());

        assertThat(next.get("rested")).as("not all ten batches of four").isBetween(18L, 24L);
    }

    @Test
    void amongManyAdapters_noRowIsPassedAgainAndAgain() {
        FairQueue queue = new FairQueue(32, 2_048, 1);
        SplittableRandom random = new SplittableRandom(1);
        Map<TextRow, Integer> since = new IdentityHashMap<>();
        int longest = 0;

        for (int turn = 0; turn < 500; turn++) {
            for (int i = 0; i < 10; i++) {
                since.put(
                        add(queue, "a" + random.nextInt(100), 8 + random.nextInt(56))
                                .rows()
                                .get(0),
                        turn);
            }
            for (TextRow row : take(queue)) {
                longest = Math.max(longest, turn - since.remove(row));
            }
        }

        assertThat(longest).as("batches until it was taken").isLessThanOrEqualTo(8);
    }

    @Test
    void idleWorkers_shareWhatWaits() {
        FairQueue queue = new FairQueue(64, 4_096, 2);
        add(queue, "a", times(64, 16));

        // 64 rows of 16 tokens are 1,024: half of them for each of two workers.
        assertThat(take(queue)).hasSize(32);
    }

    @Test
    void smallWork_isNotShared() {
        FairQueue queue = new FairQueue(64, 4_096, 2);
        add(queue, "a", times(16, 16));

        assertThat(take(queue)).hasSize(16);
    }

    @Test
    void moreThanMayWait_isRefusedWhole() {
        FairQueue queue = new FairQueue(64, 4_096, 1);
        assertThat(queue.add("a", job("a", times(8, 8)).rows(), 10)).isEqualTo(-1);

        assertThat(queue.add("a", job("a", times(3, 8)).rows(), 10)).isEqualTo(8);

        assertThat(queue.waiting()).isEqualTo(8);
        assertThat(queue.add("a", job("a", times(2, 8)).rows(), 10)).isEqualTo(-1);
    }

    @Test
    void forgottenRows_areNotTaken_andMakeRoom() {
        FairQueue queue = new FairQueue(64, 4_096, 1);
        TextJob<float[]> gone = add(queue, "a", 8, 8, 300);
        add(queue, "a", 8);
        TextJob<float[]> other = add(queue, "b", 300);

        queue.forget("a", gone.rows());
        queue.forget("a", gone.rows());

        assertThat(queue.waiting()).isEqualTo(2);
        assertThat(queue.waitingTokens()).isEqualTo(308);
        List<TextRow> all = new ArrayList<>(take(queue));
        all.addAll(take(queue));
        assertThat(all).hasSize(2).doesNotContainAnyElementsOf(gone.rows()).containsAll(other.rows());
        queue.forget("b", other.rows());
        assertThat(queue.waiting()).as("what was taken is not forgotten again").isZero();
    }

    @Test
    void forgottenRows_areNotKept_whateverStandsBeforeThem() {
        FairQueue queue = new FairQueue(64, 4_096, 1);
        TextJob<float[]> first = add(queue, "a", 8);

        for (int i = 0; i < 1_000; i++) {
            queue.forget("a", add(queue, "a", 8, 300).rows());
        }

        assertThat(queue.waiting()).isEqualTo(1);
        assertThat(queue.kept()).as("one waits, and no more than it is gone").isLessThanOrEqualTo(2);
        assertThat(take(queue)).isEqualTo(first.rows());
    }

    @Test
    void close_letsWhatWaitsBeTaken_andThenGivesNothing() throws Exception {
        FairQueue queue = new FairQueue(64, 4_096, 1);
        add(queue, "a", 8);
        queue.close();
        assertThat(take(queue)).hasSize(1);
        assertThat(take(queue)).isEmpty();

        FairQueue idle = new FairQueue(64, 4_096, 1);
        CompletableFuture<List<TextRow>> waits = CompletableFuture.supplyAsync(() -> take(idle));
        idle.close();
        assertThat(waits.get(10, TimeUnit.SECONDS)).isEqualTo(Collections.emptyList());
    }
}
