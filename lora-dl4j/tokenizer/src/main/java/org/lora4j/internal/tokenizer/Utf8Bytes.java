/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Characters as bytes. */
final class Utf8Bytes {

    private Utf8Bytes() {}

    /** How many bytes a character has. */
    static int length(int point) {
        return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }

    /** A byte of a character. */
    static int unit(int point, int index) {
        int length = length(point);
        if (length == 1) {
            return point;
        }
        int bits = point >> 6 * (length - 1 - index);
        return index == 0 ? 0xF00 >> length & 0xFF | bits : 0x80 | bits & 0x3F;
    }

    /** The text of bytes; null if they are no UTF-8. */
    static String strict(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** The text of bytes, U+FFFD for each longest part that begins a character and does not end it (Unicode, section 3.9). */
    static String lossy(byte[] bytes, int length) {
        StringBuilder text = new StringBuilder(length);
        int at = 0;
        while (at < length) {
            int first = bytes[at++] & 0xFF;
            if (first < 0x80) {
                text.append((char) first);
                continue;
            }
            int more = first >= 0xC2 && first < 0xE0
                    ? 1
                    : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xF0 && first < 0xF5 ? 3 : 0;
            int point = first & 0x3F >> more;
            int least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
            int most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
            int read = 0;
            while (read < more && at < length && (bytes[at] & 0xFF) >= least && (bytes[at] & 0xFF) <= most) {
                point = point << 6 | bytes[at++] & 0x3F;
                least = 0x80;
                most = 0xBF;
                read++;
            }
            text.appendCodePoint(more > 0 && read == more ? point : 0xFFFD);
        }
        return text.toString();
    }
}
