/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Finds the names a user may have meant.
 *
 * <p>Distance is the number of inserted, deleted, replaced or swapped neighboring characters (optimal string alignment),
 * without regard to case.
 *
 * @apiNote Status: experimental
 */
public final class ClosestNames {

    /** Beyond this many candidates a search would be slower than it is useful. */
    private static final int MOST_CANDIDATES = 20_000;

    private static final int LONGEST = 200;

    private static final int OFFERED = 3;

    private ClosestNames() {}

    /**
     * The candidates most like a name.
     *
     * @param wanted the name that was not found
     * @param candidates the names that exist
     * @param limit the most to return
     * @return distinct candidates, nearest first and equal ones by name, that differ from {@code wanted} in at most a
     *     third of its characters (but at least two); empty if none is that close
     */
    public static List<String> of(String wanted, Collection<String> candidates, int limit) {
        if (wanted.length() > LONGEST) {
            return List.of();
        }
        String lower = wanted.toLowerCase(Locale.ROOT);
        int allowed = Math.max(2, wanted.length() / 3);
        return candidates.stream()
                .distinct()
                .limit(MOST_CANDIDATES)
                .filter(name -> Math.abs(name.length() - wanted.length()) <= allowed)
                .map(name -> new Candidate(name, distance(lower, name.toLowerCase(Locale.ROOT))))
                .filter(candidate -> candidate.distance <= allowed)
                .sorted(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name))
                .limit(limit)
                .map(Candidate::name)
                .toList();
    }

    /**
     * The end of a sentence that says a name was not found.
     *
     * @param wanted the name that was not found
     * @param candidates the names that exist
     * @return {@code ; closest: "a", "b"} with up to three names as of {@link #of}; empty if none is close
     */
    public static String hint(String wanted, Collection<String> candidates) {
        List<String> closest = of(wanted, candidates, OFFERED);
        return closest.isEmpty() ? "" : "; closest: " + Problems.quoted(closest);
    }

    /**
     * The number of single edits between two strings.
     *
     * @param a one string
     * @param b the other
     * @return 0 if equal
     */
    public static int distance(String a, String b) {
        return distance(a, b, Integer.MAX_VALUE);
    }

    /**
     * The number of single edits between two strings, counted no further than it matters.
     *
     * @param a one string
     * @param b the other
     * @param most where to stop counting: what is unlike costs little
     * @return the number of edits if it is {@code most} or less, else any larger number
     */
    public static int distance(String a, String b, int most) {
        int[] beforeLast = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            row[0] = i;
            int least = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                row[j] = Math.min(last[j - 1] + (same ? 0 : 1), 1 + Math.min(last[j], row[j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
                }
                least = Math.min(least, row[j]);
            }
            if (least > most) {
                return least;
            }
            int[] free = beforeLast;
            beforeLast = last;
            last = row;
            row = free;
        }
        return last[b.length()];
    }

    private record Candidate(String name, int distance) {}
}
