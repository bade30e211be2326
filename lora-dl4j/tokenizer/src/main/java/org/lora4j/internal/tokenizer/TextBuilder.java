/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/** Makes a text of another one, character by character, and keeps where each came from. */
final class TextBuilder {

    /** No honest normalizer makes as much of a text: compatibility forms have at most 18 characters for one. */
    private static final long GROWTH = 100;

    private static final long LEAST_LIMIT = 10_000;

    private final AlignedText source;
    private final long limit;
    private int[] points;
    private int[] starts;
    private int[] ends;
    private int size;

    /** The next character of the source. */
    private int next;

    TextBuilder(AlignedText source) {
        this.source = source;
        long original = source.isEmpty() ? 0 : source.end(source.length() - 1) - source.origin();
        this.limit = LEAST_LIMIT + GROWTH * original;
        int capacity = source.length() + 8;
        this.points = new int[capacity];
        this.starts = new int[capacity];
        this.ends = new int[capacity];
    }

    private void put(int point, int start, int end) {
        if (size == points.length) {
            if (size >= limit) {
                throw new TokenizingException("its normalizers make more than " + limit
                        + " characters of a text; expected at most " + GROWTH + " of each");
            }
            int capacity = (int) Math.min(2L * size, Integer.MAX_VALUE - 8);
            points = Arrays.copyOf(points, capacity);
            starts = Arrays.copyOf(starts, capacity);
            ends = Arrays.copyOf(ends, capacity);
        }
        points[size] = point;
        starts[size] = start;
        ends[size++] = end;
    }

    /** A character in the place of the next one of the source. */
    void replace(int point) {
        put(point, source.start(next), source.end(next));
        next++;
    }

    /** A character more, which belongs to the one before. */
    void insert(int point) {
        if (next == 0) {
            put(point, source.origin(), source.origin());
        } else {
            put(point, source.start(next - 1), source.end(next - 1));
        }
    }

    /** Leaves characters of the source out. */
    void skip(int count) {
        next += count;
    }

    /**
     * A character with what it changes, as Hugging Face's library counts it.
     *
     * @param change 1 for a character more, 0 for one in the place of another, -n for one in the place of 1 + n others
     */
    void change(int point, int change) {
        if (change > 0) {
            insert(point);
        } else {
            replace(point);
            skip(-change);
        }
    }

    /** Copies characters of the source as they are, up to a place. */
    void copy(int end) {
        while (next < end) {
            replace(source.at(next));
        }
    }

    AlignedText text() {
        return new AlignedText(points, starts, ends, 0, size, source.origin());
    }
}
