/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.RegularFile;
import org.slf4j.Logger;

/**
 * Which charset a text is in, from its bytes. A byte order mark tells. Without one it is UTF-8, unless some byte is none: with
 * zeros in every second byte it is UTF-16; otherwise windows-1252, which spreadsheets write in Western Europe and of which
 * ISO 8859-1 text is a part. That is a guess, and only made where nothing speaks for UTF-8: a text with letters in UTF-8 and some
 * other byte is a damaged one.
 *
 * @param charset the charset
 * @param isGuess whether neither a mark nor the bytes tell
 * @apiNote Status: internal
 */
public record GuessedCharset(Charset charset, boolean isGuess) {

    private static final int BUFFER = 1 << 16;
    private static final Charset WINDOWS = Charset.forName("windows-1252");

    /** Zeros at even and at odd places for one of them to be the high halves of Latin letters. */
    private static final int HALVES = 4;

    /** What was counted. */
    private static final class Counts {
        private final long[] zeros = new long[2];
        private long bytes;
        private long sequences;
        private long stray;
        private boolean undefined;
        private int open;

        private void add(int b) {
            if (b == 0) {
                zeros[(int) (bytes % 2)]++;
            }
            bytes++;
            undefined |= b == 0x81 || b == 0x8D || b == 0x8F || b == 0x90 || b == 0x9D;
            if (open > 0) {
                if ((b & 0xC0) == 0x80) {
                    open--;
                    sequences += open == 0 ? 1 : 0;
                    return;
                }
                stray++;
                open = 0;
            }
            if (b >= 0x80) {
                open = b >= 0xC2 && b <= 0xDF ? 1 : b >= 0xE0 && b <= 0xEF ? 2 : b >= 0xF0 && b <= 0xF4 ? 3 : 0;
                stray += open == 0 ? 1 : 0;
            }
        }
    }

    /**
     * The charset of a file; says so where it is a guess.
     *
     * @param log of the class that reads it
     * @param where the call
     * @param otherwise what to do if the guess is wrong
     */
    public static Charset told(Logger log, String where, Path file, String otherwise) throws IOException {
        GuessedCharset found = of(file);
        if (found.isGuess()) {
            log.warn(
                    "{}: {} is not UTF-8 and was read as {}, which is a guess; {}",
                    where,
                    MessageText.path(file),
                    found.charset(),
                    otherwise);
        }
        return found.charset();
    }

    /**
     * Looks at a whole file.
     *
     * @return its charset; UTF-8 where the bytes are no text of any that is guessed
     */
    public static GuessedCharset of(Path file) throws IOException {
        byte[] start = RegularFile.start(file, 2);
        if (Arrays.equals(start, new byte[] {(byte) 0xFF, (byte) 0xFE})
                || Arrays.equals(start, new byte[] {(byte) 0xFE, (byte) 0xFF})) {
            return new GuessedCharset(StandardCharsets.UTF_16, false);
        }
        Counts counts = new Counts();
        try (InputStream in = RegularFile.open(file, "a text")) {
            byte[] bytes = new byte[BUFFER];
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                for (int i = 0; i < read; i++) {
                    counts.add(bytes[i] & 0xFF);
                }
            }
        }
        for (int place = 0; place < 2; place++) {
            if (counts.zeros[place] > counts.bytes / HALVES && counts.zeros[1 - place] < counts.zeros[place] / HALVES) {
                return new GuessedCharset(place == 1 ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_16BE, true);
            }
        }
        // A sequence that the file ends in is none.
        counts.stray += counts.open > 0 ? 1 : 0;
        boolean single = counts.stray > 0
                && counts.sequences == 0
                && !counts.undefined
                && counts.zeros[0] + counts.zeros[1] == 0;
        return single ? new GuessedCharset(WINDOWS, true) : new GuessedCharset(StandardCharsets.UTF_8, false);
    }
}
