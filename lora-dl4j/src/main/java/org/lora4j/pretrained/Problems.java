/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Wording of messages that gather every problem of one input. */
final class Problems {

    private static final int SHOWN = 10;

    private Problems() {}

    /** Throws an {@link IllegalArgumentException} that lists the problems, unless there are none. */
    static void throwIfAny(String where, List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(summary(where, problems));
        }
    }

    /** {@code where: 2 problems: first; second.} */
    static String summary(String where, List<String> problems) {
        String count = problems.size() == 1 ? "" : problems.size() + " problems: ";
        return where + ": " + count + cut(problems, "; ") + ".";
    }

    /** The first ten entries, and how many more there are. */
    static String cut(Collection<?> entries, String separator) {
        String shown = entries.stream().limit(SHOWN).map(String::valueOf).collect(Collectors.joining(separator));
        int left = entries.size() - SHOWN;
        return left > 0 ? shown + separator + "and " + left + " more" : shown;
    }

    /** As {@link #closest(String, Collection)} for the next problem, but nothing when it will be cut off anyway. */
    static String closest(List<String> problems, String wanted, Collection<String> names) {
        return problems.size() < SHOWN ? closest(wanted, names) : "";
    }

    /** {@code ", closest: a, b"} for the up to three names that share the most with {@code wanted}, or nothing. */
    static String closest(String wanted, Collection<String> names) {
        int bound = Math.max(2, wanted.length() / 3);
        List<String> near = names.stream()
                .filter(name -> distance(wanted, name) <= bound)
                .sorted(Comparator.comparingInt((String name) -> distance(wanted, name))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(3)
                .toList();
        return near.isEmpty() ? "" : ", closest: " + String.join(", ", near);
    }

    /** Levenshtein distance, with insertions, deletions and substitutions at cost 1. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(substituted, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
