/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How often each label was given, by the label that is right. Only what occurs is held, since a table of all labels by all labels would
 * not fit where each row has a label of its own.
 */
final class ConfusionCounts {

    private final int labels;
    private final Map<Long, Long> counts = new HashMap<>();
    private final long[] support;
    private final long[] given;

    /** One label that was taken for another. */
    record Confused(int right, int given, long count) {}

    /** Counts nothing yet. */
    ConfusionCounts(int labels) {
        this.labels = labels;
        this.support = new long[labels];
        this.given = new long[labels];
    }

    static ConfusionCounts of(int labels, int[] right, int[] given) {
        ConfusionCounts counts = new ConfusionCounts(labels);
        for (int i = 0; i < right.length; i++) {
            counts.add(right[i], given[i], 1);
        }
        return counts;
    }

    static ConfusionCounts of(long[][] table) {
        ConfusionCounts counts = new ConfusionCounts(table.length);
        for (int i = 0; i < table.length; i++) {
            for (int j = 0; j < table.length; j++) {
                if (table[i][j] > 0) {
                    counts.add(i, j, table[i][j]);
                }
            }
        }
        return counts;
    }

    void add(int right, int found, long count) {
        counts.merge((long) right * labels + found, count, Long::sum);
        support[right] += count;
        given[found] += count;
    }

    int labels() {
        return labels;
    }

    long count(int right, int found) {
        return counts.getOrDefault((long) right * labels + found, 0L);
    }

    long right(int label) {
        return count(label, label);
    }

    /** How often a label is right. */
    long support(int label) {
        return support[label];
    }

    /** How often a label was given. */
    long given(int label) {
        return given[label];
    }

    /** Labels that were taken for others, the most frequent first. */
    List<Confused> confused() {
        return counts.entrySet().stream()
                .map(entry -> new Confused(
                        (int) (entry.getKey() / labels), (int) (entry.getKey() % labels), entry.getValue()))
                .filter(pair -> pair.right() != pair.given())
                .sorted(Comparator.comparingLong((Confused pair) -> -pair.count())
                        .thenComparingInt(Confused::right)
                        .thenComparingInt(Confused::given))
                .toList();
    }

    /** The labels that are confused most, in their order. */
    int[] mostConfused(int most) {
        return IntStream.range(0, labels)
                .boxed()
                .sorted(Comparator.comparingLong((Integer i) -> 2 * right(i) - support[i] - given[i]))
                .limit(most)
                .sorted()
                .mapToInt(i -> i)
                .toArray();
    }

    /** The rows and columns of some labels. */
    long[][] part(int[] some) {
        long[][] part = new long[some.length][some.length];
        for (int i = 0; i < some.length; i++) {
            for (int j = 0; j < some.length; j++) {
                part[i][j] = count(some[i], some[j]);
            }
        }
        return part;
    }
}
