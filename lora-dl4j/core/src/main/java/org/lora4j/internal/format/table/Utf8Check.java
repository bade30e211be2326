/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.file.Path;
import java.util.Locale;
import org.lora4j.internal.format.file.RegularFile;

/** Where a file ends to be UTF-8, or text in another charset: readers of text only tell that it does. */
final class Utf8Check {

    private static final int BUFFER = 1 << 13;

    private Utf8Check() {}

    static String problem(Path file, Charset charset) throws IOException {
        CharsetDecoder decoder = charset.newDecoder();
        ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
        CharBuffer chars = CharBuffer.allocate(BUFFER);
        long line = 1;
        long column = 1;
        try (InputStream in = RegularFile.open(file, "a text")) {
            while (true) {
                int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
                boolean ended = read < 0;
                bytes.position(bytes.position() + Math.max(0, read));
                CoderResult result = decoder.decode(bytes.flip(), chars, ended);
                for (char c : chars.flip().toString().toCharArray()) {
                    line += c == '\n' ? 1 : 0;
                    column = c == '\n' ? 1 : column + 1;
                }
                if (result.isError() || ended) {
                    String found = result.isError()
                            ? String.format(Locale.ROOT, "byte 0x%02X", bytes.get(bytes.position()))
                            : "other text than a moment ago";
                    return "line " + line + ", column " + column + ": " + found + ", expected text in " + charset;
                }
                bytes.compact();
                chars.clear();
            }
        }
    }
}
