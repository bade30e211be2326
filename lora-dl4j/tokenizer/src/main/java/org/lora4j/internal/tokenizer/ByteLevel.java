/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/** The alphabet in which byte-level tokenizers write bytes, as the authors of GPT-2 chose it: a character for each byte. */
final class ByteLevel {

    private static final char[] CHARACTERS = new char[256];

    /** The byte of a character; -1 for one that stands for none. */
    private static final short[] BYTES = new short[512];

    /** How a blank is written. */
    static final int BLANK;

    static {
        Arrays.fill(BYTES, (short) -1);
        int next = 256;
        for (int i = 0; i < 256; i++) {
            boolean itself = i >= '!' && i <= '~' || i >= 0xA1 && i <= 0xAC || i >= 0xAE;
            CHARACTERS[i] = (char) (itself ? i : next++);
            BYTES[CHARACTERS[i]] = (short) i;
        }
        BLANK = CHARACTERS[' '];
    }

    private ByteLevel() {}

    /** A text as the characters of its bytes. */
    static AlignedText bytes(AlignedText text) {
        TextBuilder made = new TextBuilder(text);
        for (int i = 0; i < text.length(); i++) {
            int point = text.at(i);
            if (point < 0x80) {
                made.replace(CHARACTERS[point]);
                continue;
            }
            made.replace(CHARACTERS[Utf8Bytes.unit(point, 0)]);
            for (int j = 1; j < Utf8Bytes.length(point); j++) {
                made.insert(CHARACTERS[Utf8Bytes.unit(point, j)]);
            }
        }
        return made.text();
    }

    /** The byte that a character stands for; -1 if it stands for none. */
    static int byteOf(int point) {
        return point < BYTES.length ? BYTES[point] : -1;
    }
}
