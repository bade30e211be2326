/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/**
 * A part of a text after what normalizers made of it: code points, and for each the place of the original text that it came
 * from. Parts share the arrays of the whole.
 *
 * <p>Places count code points of the original text. {@code origin} is where the part began when it was cut, which is what
 * Hugging Face's library gives to characters that are inserted before all others.
 *
 * <p><b>State.</b> Immutable.
 */
final class AlignedText {

    private final int[] points;
    private final int[] starts;
    private final int[] ends;
    private final int from;
    private final int to;
    private final int origin;

    AlignedText(int[] points, int[] starts, int[] ends, int from, int to, int origin) {
        this.points = points;
        this.starts = starts;
        this.ends = ends;
        this.from = from;
        this.to = to;
        this.origin = origin;
    }

    /** A text as it is; a surrogate without its other half counts as U+FFFD. */
    static AlignedText of(String text) {
        int length = text.length();
        int[] points = new int[length];
        int count = 0;
        for (int i = 0; i < length; i++) {
            char letter = text.charAt(i);
            if (Character.isSurrogate(letter)) {
                int point = text.codePointAt(i);
                boolean whole = Character.isSupplementaryCodePoint(point);
                points[count++] = whole ? point : 0xFFFD;
                i += whole ? 1 : 0;
            } else {
                points[count++] = letter;
            }
        }
        int[] starts = new int[count];
        int[] ends = new int[count];
        for (int i = 0; i < count; i++) {
            starts[i] = i;
            ends[i] = i + 1;
        }
        return new AlignedText(points, starts, ends, 0, count, 0);
    }

    int[] points() {
        return points;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }

    int length() {
        return to - from;
    }

    boolean isEmpty() {
        return to == from;
    }

    int at(int index) {
        return points[from + index];
    }

    int start(int index) {
        return starts[from + index];
    }

    int end(int index) {
        return ends[from + index];
    }

    int origin() {
        return origin;
    }

    /** A part, by places in the arrays. */
    AlignedText slice(int start, int end) {
        return new AlignedText(points, starts, ends, start, end, start < end ? starts[start] : origin);
    }

    String text() {
        return new String(points, from, to - from);
    }

    @Override
    public String toString() {
        return text();
    }
}
