/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows that wait, fair among adapters by tokens: the adapter that was given the fewest goes first, and who comes new begins where the
 * others are (start-time fair queueing; Goyal, Vin and Cheng 1996). A batch holds rows of similar length, of all adapters that have some.
 * No adapter waits for more than a batch of each other one, however many rows others bring.
 *
 * <p><b>Threads.</b> Safe.
 */
final class FairQueue {

    /** Lengths up to which rows go together. */
    private static final int[] LENGTHS = {8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, Integer.MAX_VALUE};

    /** In tokens: shorter rows come along if their padding costs less than a batch more. */
    private static final int PADDING = 128;

    /** A batch is not shared among idle workers below so many tokens. */
    private static final int FEWEST_TOKENS = 256;

    private final int mostRows;
    private final int mostTokens;
    private final int workers;

    // Guarded by this.
    private final Map<String, Flow> flows = new LinkedHashMap<>();
    private long arrivals;
    private long now;
    private int waiting;
    private long waitingTokens;
    private int taking;
    private boolean closed;

    /** The rows of one adapter. */
    private static final class Flow {

        private final List<Deque<TextRow>> byLength = new ArrayList<>();
        private long given;
        private int size;

        private Flow(long now) {
            this.given = now;
            for (int i = 0; i < LENGTHS.length; i++) {
                byLength.add(new ArrayDeque<>());
            }
        }

        /** The next row of a length that somebody still waits for. */
        private TextRow peek(int bucket) {
            Deque<TextRow> rows = byLength.get(bucket);
            while (!rows.isEmpty() && rows.peek().isGone()) {
                rows.poll();
            }
            return rows.peek();
        }

        /** The length of the row that waits longest; -1 if none does. */
        private int oldest() {
            int found = -1;
            for (int bucket = 0; bucket < LENGTHS.length; bucket++) {
                TextRow row = peek(bucket);
                if (row != null && (found < 0 || row.arrival() < peek(found).arrival())) {
                    found = bucket;
                }
            }
            return found;
        }

        private int kept() {
            return byLength.stream().mapToInt(Deque::size).sum();
        }

        /** Rows that are gone are kept only while they are no more than those that wait. */
        private void sweep() {
            if (kept() > 2 * size) {
                byLength.forEach(rows -> rows.removeIf(TextRow::isGone));
            }
        }
    }

    FairQueue(int mostRows, int mostTokens, int workers) {
        this.mostRows = mostRows;
        this.mostTokens = mostTokens;
        this.workers = workers;
    }

    /**
     * Lets rows of one adapter wait.
     *
     * @param most how many rows may wait with them
     * @return -1, or, if there are too many, how many wait; then nothing was added
     */
    synchronized int add(String adapter, Collection<? extends TextRow> rows, int most) {
        if (waiting + (long) rows.size() > most) {
            return waiting;
        }
        Flow flow = flows.computeIfAbsent(adapter, added -> new Flow(now));
        if (flow.size == 0) {
            flow.given = Math.max(flow.given, now);
        }
        for (TextRow row : rows) {
            row.arrived(arrivals++);
            flow.byLength.get(bucket(row.length())).add(row);
            waitingTokens += row.length();
        }
        flow.size += rows.size();
        waiting += rows.size();
        notifyAll();
        return -1;
    }

    private static int bucket(int length) {
        int bucket = 0;
        while (length > LENGTHS[bucket]) {
            bucket++;
        }
        return bucket;
    }

    /** Rows that nobody waits for any more. */
    synchronized void forget(String adapter, Collection<? extends TextRow> rows) {
        Flow flow = flows.get(adapter);
        for (TextRow row : rows) {
            if (row.forget()) {
                left(flow, row);
            }
        }
        if (flow != null) {
            flow.sweep();
        }
    }

    private void left(Flow flow, TextRow row) {
        flow.size--;
        waiting--;
        waitingTokens -= row.length();
    }

    /**
     * Waits for rows, and takes a batch of them.
     *
     * @return one row or more; none if the queue is closed and nothing waits
     */
    synchronized List<TextRow> take() throws InterruptedException {
        while (waiting == 0) {
            if (closed) {
                return List.of();
            }
            wait();
        }
        taking++;
        List<TextRow> batch = new ArrayList<>();
        int bucket = least(-1).oldest();
        // Workers that have nothing to do take their share of what waits.
        int idle = Math.max(1, workers - taking + 1);
        long share = idle == 1 ? mostTokens : Math.max(FEWEST_TOKENS, (waitingTokens + idle - 1) / idle);
        long tokens = Math.min(mostTokens, share);
        int longest = 0;
        int padding = 0;
        for (int from = bucket; from >= 0; from--) {
            for (Flow flow = least(from); flow != null; flow = least(from)) {
                TextRow row = flow.peek(from);
                int length = Math.max(longest, row.length());
                int more = from == bucket ? 0 : longest - row.length();
                boolean full = batch.size() == mostRows || (long) length * (batch.size() + 1) > tokens;
                if (!batch.isEmpty() && (full || padding + more > PADDING)) {
                    purge();
                    return batch;
                }
                flow.byLength.get(from).poll();
                row.take();
                left(flow, row);
                batch.add(row);
                // Who comes new stands behind whom a batch has reached, or those who had more before would wait until
                // all others had as much.
                now = Math.max(now, flow.given);
                flow.given += length;
                longest = length;
                padding += more;
            }
        }
        purge();
        return batch;
    }

    /** The adapter that was given the fewest tokens, of those that have a row of a length; of any for -1. Null if none has. */
    private Flow least(int bucket) {
        Flow least = null;
        for (Flow flow : flows.values()) {
            boolean has = flow.size > 0 && (bucket < 0 || flow.peek(bucket) != null);
            if (has && (least == null || flow.given < least.given)) {
                least = flow;
            }
        }
        return least;
    }

    /** Adapters without rows are kept as long as they were given more than others. */
    private void purge() {
        flows.values().removeIf(flow -> flow.size == 0 && flow.given <= now);
    }

    /** A batch that was taken is done. */
    synchronized void done() {
        taking--;
    }

    /** Rows that are kept in memory: those that wait, and those that are gone and not swept yet. */
    synchronized int kept() {
        return flows.values().stream().mapToInt(Flow::kept).sum();
    }

    synchronized int waiting() {
        return waiting;
    }

    synchronized long waitingTokens() {
        return waitingTokens;
    }

    /** Takes that come when nothing waits any more give none. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
