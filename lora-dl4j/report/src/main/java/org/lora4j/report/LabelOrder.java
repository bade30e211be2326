/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * In which order labels of a confusion matrix stand, so that those that are taken for each other are neighbors: groups are joined by the
 * mean of their confusions (agglomerative clustering with average linkage), each time turned so that the nearest ends meet.
 */
final class LabelOrder {

    private LabelOrder() {}

    /** The order of all labels of a matrix. */
    static int[] of(long[][] confusion) {
        int count = confusion.length;
        double[][] likeness = likeness(confusion);
        double[][] linkage = new double[count][];
        List<List<Integer>> groups = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            linkage[i] = likeness[i].clone();
            groups.add(new ArrayList<>(List.of(i)));
        }
        for (int left = count; left > 1; left--) {
            int a = -1;
            int b = -1;
            for (int i = 0; i < count; i++) {
                for (int j = i + 1; j < count && groups.get(i) != null; j++) {
                    if (groups.get(j) != null && (a < 0 || linkage[i][j] > linkage[a][b])) {
                        a = i;
                        b = j;
                    }
                }
            }
            int first = groups.get(a).size();
            int second = groups.get(b).size();
            groups.set(a, joined(groups.get(a), groups.get(b), likeness));
            groups.set(b, null);
            for (int j = 0; j < count; j++) {
                linkage[a][j] = (first * linkage[a][j] + second * linkage[b][j]) / (first + second);
                linkage[j][a] = linkage[a][j];
            }
        }
        return groups.stream()
                .filter(group -> group != null)
                .flatMap(List::stream)
                .mapToInt(i -> i)
                .toArray();
    }

    /** How often two labels are taken for each other, as shares of their examples. */
    private static double[][] likeness(long[][] confusion) {
        int count = confusion.length;
        double[] sizes = new double[count];
        for (int i = 0; i < count; i++) {
            sizes[i] = Math.max(1, LongStream.of(confusion[i]).sum());
        }
        double[][] likeness = new double[count][count];
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                likeness[i][j] = i == j ? 0 : confusion[i][j] / sizes[i] + confusion[j][i] / sizes[j];
            }
        }
        return likeness;
    }

    private static List<Integer> joined(List<Integer> a, List<Integer> b, double[][] likeness) {
        int endOfA = a.get(a.size() - 1);
        int startOfA = a.get(0);
        int startOfB = b.get(0);
        int endOfB = b.get(b.size() - 1);
        double[] meeting = {
            likeness[endOfA][startOfB],
            likeness[endOfA][endOfB],
            likeness[startOfA][startOfB],
            likeness[startOfA][endOfB]
        };
        int best = IntStream.range(0, meeting.length)
                .boxed()
                .max(Comparator.comparingDouble((Integer i) -> meeting[i]).thenComparing(Comparator.reverseOrder()))
                .orElseThrow();
        List<Integer> joined = new ArrayList<>(best < 2 ? a : reversed(a));
        joined.addAll(best % 2 == 0 ? b : reversed(b));
        return joined;
    }

    private static List<Integer> reversed(List<Integer> list) {
        List<Integer> reversed = new ArrayList<>(list);
        Collections.reverse(reversed);
        return reversed;
    }
}
