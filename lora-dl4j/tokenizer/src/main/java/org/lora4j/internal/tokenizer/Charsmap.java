/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;

/**
 * The table of SentencePiece that says what becomes of characters: a double array (Aoe 1989, as the library Darts-clone lays
 * it out) over bytes, whose values are places in a list of texts, each ended by a zero. All of it that any text could reach
 * is checked when it is read.
 */
final class Charsmap implements Normalizer {

    private static final String EXPECTED = "expected base64 of a charsmap of SentencePiece";

    /** Clusters of more bytes are looked up character by character. */
    private static final int LONGEST_CLUSTER = 5;

    /** Published ones have a quarter of a megabyte. */
    private static final int MOST_BYTES = 16 << 20;

    private final int[] units;
    private final byte[] texts;

    private Charsmap(int[] units, byte[] texts) {
        this.units = units;
        this.texts = texts;
    }

    static Charsmap of(String where, String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new Refusal(where, base64, EXPECTED);
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long size = bytes.length < Integer.BYTES ? 0 : Integer.toUnsignedLong(buffer.getInt());
        if (size == 0 || size > MOST_BYTES || size % Integer.BYTES != 0 || size > buffer.remaining()) {
            throw new Refusal(
                    where,
                    null,
                    "has " + bytes.length + " bytes that announce a table of " + size + ", " + EXPECTED
                            + ", whose table fits and has at most " + MOST_BYTES);
        }
        int[] units = new int[(int) size / Integer.BYTES];
        buffer.asIntBuffer().get(units);
        byte[] texts = Arrays.copyOfRange(bytes, Integer.BYTES + (int) size, bytes.length);
        if (Utf8Bytes.strict(texts) == null) {
            throw new Refusal(where, null, "has replacements that are no UTF-8, " + EXPECTED);
        }
        Charsmap map = new Charsmap(units, texts);
        map.check(where);
        return map;
    }

    private static boolean hasLeaf(int unit) {
        return (unit >>> 8 & 1) == 1;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    /** Walks to all that can be reached: from the children of a node, which lie in one block of 256, to theirs. */
    private void check(String where) {
        int[] bases = new int[units.length];
        int count = 0;
        bases[count++] = base(0, units[0], where);
        BitSet visited = new BitSet(units.length);
        visited.set(bases[0]);
        while (count > 0) {
            int base = bases[--count];
            for (int label = 1; label < 256; label++) {
                int unit = units[base ^ label];
                if ((unit & (1 << 31 | 0xFF)) != label) {
                    continue;
                }
                int next = base(base ^ label, unit, where);
                if (hasLeaf(unit)) {
                    checkText(units[next] & Integer.MAX_VALUE, where);
                }
                if (!visited.get(next)) {
                    visited.set(next);
                    bases[count++] = next;
                }
            }
        }
    }

    private int base(int node, int unit, String where) {
        long base = (node ^ offset(unit)) & 0xFFFFFFFFL;
        if ((base | 0xFF) >= units.length) {
            throw new Refusal(
                    where,
                    null,
                    "has a table of " + units.length + " units that points to unit " + base + ", " + EXPECTED
                            + ", whose table points into itself");
        }
        return (int) base;
    }

    private void checkText(int place, String where) {
        if (place > texts.length || place < texts.length && (texts[place] & 0xC0) == 0x80) {
            throw new Refusal(
                    where,
                    null,
                    "has a table that points to byte " + place + " of " + texts.length + " bytes of replacements, "
                            + EXPECTED + ", whose table points to the start of one");
        }
    }

    /** The code points that the first part of a text that has a value becomes; null if none has. */
    private int[] replacement(AlignedText text, int start, int end) {
        int base = offset(units[0]);
        for (int i = start; i < end; i++) {
            int point = text.at(i);
            for (int j = 0; j < Utf8Bytes.length(point); j++) {
                int label = Utf8Bytes.unit(point, j);
                if (label == 0) {
                    return null;
                }
                int node = base ^ label;
                int unit = units[node];
                if ((unit & (1 << 31 | 0xFF)) != label) {
                    return null;
                }
                base = node ^ offset(unit);
                if (hasLeaf(unit)) {
                    return text(units[base] & Integer.MAX_VALUE);
                }
            }
        }
        return null;
    }

    private int[] text(int place) {
        int end = place;
        while (end < texts.length && texts[end] != 0) {
            end++;
        }
        return new String(texts, place, end - place, StandardCharsets.UTF_8)
                .codePoints()
                .toArray();
    }

    @Override
    public AlignedText normalize(AlignedText text) {
        Changes changes = new Changes(text);
        Graphemes.each(text, (start, end) -> {
            int bytes = 0;
            for (int i = start; i < end; i++) {
                bytes += Utf8Bytes.length(text.at(i));
            }
            int[] whole = bytes <= LONGEST_CLUSTER ? replacement(text, start, end) : null;
            if (whole != null) {
                changes.replace(end - start, whole);
                return;
            }
            for (int i = start; i < end; i++) {
                int[] one = replacement(text, i, i + 1);
                if (one == null) {
                    changes.keep(text.at(i));
                } else {
                    changes.replace(1, one);
                }
            }
        });
        return changes.modified ? changes.text() : text;
    }

    /** Characters with what they change, kept until the end, as what is left out counts with the one before. */
    private static final class Changes {

        private final TextBuilder made;
        private boolean modified;
        private int last = -1;
        private int lastChange;

        Changes(AlignedText source) {
            this.made = new TextBuilder(source);
        }

        void keep(int point) {
            add(point, 0);
        }

        private void add(int point, int change) {
            if (last >= 0) {
                made.change(last, lastChange);
            }
            last = point;
            lastChange = change;
        }

        void replace(int count, int[] points) {
            modified = true;
            int more = points.length - count;
            for (int i = 0; i < points.length; i++) {
                add(points[i], points.length - i <= more ? 1 : 0);
            }
            if (more < 0 && last >= 0) {
                lastChange += more;
            }
        }

        AlignedText text() {
            if (last >= 0) {
                made.change(last, lastChange);
            }
            return made.text();
        }
    }
}
