/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.pretrained;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Chooses to which lengths sequences are padded.
 *
 * <p>The best set of lengths is a subset of the lengths that occur, with the longest in it. With {@code best[j][k]} the
 * least padding for the {@code j} shortest distinct lengths in {@code k} groups, {@code best[j][k] = min over i < j of
 * best[i][k - 1] + padding of the lengths i + 1 .. j to length j}: exact, in {@code distinct^2 * groups} steps.
 *
 * @apiNote Status: internal
 */
public final class PaddedLengths {

    private final int[] lengths;
    private final long[] countUpTo;
    private final long[] tokensUpTo;

    private PaddedLengths(TreeMap<Integer, Long> histogram) {
        int distinct = histogram.size();
        lengths = new int[distinct];
        countUpTo = new long[distinct + 1];
        tokensUpTo = new long[distinct + 1];
        int i = 0;
        for (Map.Entry<Integer, Long> entry : histogram.entrySet()) {
            lengths[i] = entry.getKey();
            countUpTo[i + 1] = countUpTo[i] + entry.getValue();
            tokensUpTo[i + 1] = tokensUpTo[i] + entry.getValue() * entry.getKey();
            i++;
        }
    }

    /**
     * The padded lengths with the least padding in total.
     *
     * @param sequenceLengths the lengths of all sequences, at least one
     * @param most how many padded lengths there may be, 1 or more
     * @return ascending lengths, the last one the longest that occurs
     */
    public static int[] choose(int[] sequenceLengths, int most) {
        TreeMap<Integer, Long> histogram = new TreeMap<>();
        for (int length : sequenceLengths) {
            histogram.merge(length, 1L, Long::sum);
        }
        return new PaddedLengths(histogram).choose(Math.min(most, histogram.size()));
    }

    private int[] choose(int groups) {
        int distinct = lengths.length;
        long[][] best = new long[groups + 1][distinct + 1];
        int[][] start = new int[groups + 1][distinct + 1];
        Arrays.fill(best[0], 1, distinct + 1, Long.MAX_VALUE);
        for (int k = 1; k <= groups; k++) {
            for (int j = 1; j <= distinct; j++) {
                best[k][j] = Long.MAX_VALUE;
                for (int i = 0; i < j; i++) {
                    long before = best[k - 1][i];
                    if (before != Long.MAX_VALUE && before + padding(i, j) < best[k][j]) {
                        best[k][j] = before + padding(i, j);
                        start[k][j] = i;
                    }
                }
            }
        }
        int[] chosen = new int[groups];
        for (int k = groups, j = distinct; k > 0; j = start[k][j], k--) {
            chosen[k - 1] = lengths[j - 1];
        }
        return chosen;
    }

    /** What it costs to pad the distinct lengths with indices {@code from} to {@code to - 1} to the last of them. */
    private long padding(int from, int to) {
        long count = countUpTo[to] - countUpTo[from];
        return count * lengths[to - 1] - (tokensUpTo[to] - tokensUpTo[from]);
    }
}
