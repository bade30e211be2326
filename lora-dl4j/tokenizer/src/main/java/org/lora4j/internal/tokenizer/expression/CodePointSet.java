/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.Arrays;

/**
 * A set of Unicode code points.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class CodePointSet {

    /** No code point. */
    public static final CodePointSet NONE = new CodePointSet(new int[0]);

    /** Every code point. */
    public static final CodePointSet ALL = new CodePointSet(new int[] {0, Character.MAX_CODE_POINT + 1});

    /** Below it a bit says whether a code point is in the set: letters of Latin, Greek and Cyrillic. */
    private static final int DIRECT = 0x800;

    /** Where membership changes, ascending: in from the first on, out from the second on, and so on. */
    private final int[] changes;

    private final long[] direct = new long[DIRECT / Long.SIZE];

    private CodePointSet(int[] changes) {
        this.changes = changes;
        for (int i = 0; i < changes.length; i += 2) {
            for (int point = changes[i]; point < Math.min(changes[i + 1], DIRECT); point++) {
                direct[point >> 6] |= 1L << point;
            }
        }
    }

    /**
     * The set of some ranges.
     *
     * @param firstAndLast the first and the last code point of each range, in any order of ranges
     */
    public static CodePointSet ofRanges(int... firstAndLast) {
        long[] ranges = new long[firstAndLast.length / 2];
        for (int i = 0; i < ranges.length; i++) {
            ranges[i] = (long) firstAndLast[2 * i] << 32 | firstAndLast[2 * i + 1];
        }
        Arrays.sort(ranges);
        int[] changes = new int[2 * ranges.length];
        int count = 0;
        for (long range : ranges) {
            int first = (int) (range >> 32);
            int end = (int) range + 1;
            if (count > 0 && first <= changes[count - 1]) {
                changes[count - 1] = Math.max(changes[count - 1], end);
            } else {
                changes[count++] = first;
                changes[count++] = end;
            }
        }
        return new CodePointSet(Arrays.copyOf(changes, count));
    }

    /** The set of some code points. */
    public static CodePointSet of(int... points) {
        int[] ranges = new int[2 * points.length];
        for (int i = 0; i < points.length; i++) {
            ranges[2 * i] = points[i];
            ranges[2 * i + 1] = points[i];
        }
        return ofRanges(ranges);
    }

    /**
     * Whether a code point is in the set.
     *
     * @return true if it is
     */
    public boolean contains(int point) {
        if (point < DIRECT) {
            return point >= 0 && (direct[point >> 6] >>> point & 1) != 0;
        }
        int found = Arrays.binarySearch(changes, point);
        // At a change, or between two: in where an odd number of changes lies at or below.
        return ((found >= 0 ? found : -found - 2) & 1) == 0;
    }

    /** What is in one of two sets. */
    public CodePointSet or(CodePointSet other) {
        return combined(other, true);
    }

    /** What is in both sets. */
    public CodePointSet and(CodePointSet other) {
        return combined(other, false);
    }

    /** What is not in the set. */
    public CodePointSet not() {
        int end = Character.MAX_CODE_POINT + 1;
        boolean fromStart = changes.length > 0 && changes[0] == 0;
        boolean toEnd = changes.length > 0 && changes[changes.length - 1] == end;
        int[] inverted = new int[changes.length + (fromStart ? -1 : 1) + (toEnd ? -1 : 1)];
        int at = 0;
        if (!fromStart) {
            inverted[at++] = 0;
        }
        for (int i = fromStart ? 1 : 0; i < changes.length - (toEnd ? 1 : 0); i++) {
            inverted[at++] = changes[i];
        }
        if (!toEnd) {
            inverted[at] = end;
        }
        return new CodePointSet(inverted);
    }

    private CodePointSet combined(CodePointSet other, boolean either) {
        int[] merged = new int[changes.length + other.changes.length];
        int count = 0;
        int i = 0;
        int j = 0;
        boolean in = false;
        while (i < changes.length || j < other.changes.length) {
            int next = Math.min(
                    i < changes.length ? changes[i] : Integer.MAX_VALUE,
                    j < other.changes.length ? other.changes[j] : Integer.MAX_VALUE);
            i += i < changes.length && changes[i] == next ? 1 : 0;
            j += j < other.changes.length && other.changes[j] == next ? 1 : 0;
            boolean inFirst = (i & 1) == 1;
            boolean inSecond = (j & 1) == 1;
            boolean now = either ? inFirst || inSecond : inFirst && inSecond;
            if (now != in) {
                merged[count++] = next;
                in = now;
            }
        }
        return new CodePointSet(Arrays.copyOf(merged, count));
    }

    /**
     * Whether the set has no code point.
     *
     * @return true if it has none
     */
    public boolean isEmpty() {
        return changes.length == 0;
    }

    /**
     * Where membership changes.
     *
     * @return code points, ascending: those from the first to below the second are in, and so on
     */
    public int[] changes() {
        return changes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CodePointSet that && Arrays.equals(changes, that.changes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(changes);
    }

    @Override
    public String toString() {
        return "CodePointSet[" + changes.length / 2 + " ranges]";
    }
}
