/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.format.file.RegularFile;

/** What a file of llama.cpp says of itself: its fields but for vocabularies, read within bounds. */
final class GgufHeader {

    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    private static final long MOST_FIELDS = 10_000;
    private static final long MOST_ELEMENTS = 10_000_000;
    private static final int LONGEST = 1 << 16;
    private static final List<String> SHOWN = List.of(
            "general.architecture",
            "general.name",
            "general.type",
            "general.license",
            "general.file_type",
            "adapter.type");

    private final DataInputStream in;

    private GgufHeader(InputStream in) {
        this.in = new DataInputStream(new BufferedInputStream(in));
    }

    static Map<String, Object> read(Path file) throws IOException {
        try (InputStream in = RegularFile.open(file, "a file of llama.cpp")) {
            return new GgufHeader(in).fields();
        } catch (EOFException e) {
            throw new IOException(file + ": the file ends within its header", e);
        }
    }

    private Map<String, Object> fields() throws IOException {
        in.skipNBytes(4);
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("version", unsigned(4));
        found.put("tensors", count(MOST_ELEMENTS, "tensors"));
        long fields = count(MOST_FIELDS, "fields");
        for (long i = 0; i < fields; i++) {
            String name = string();
            Object value = value((int) unsigned(4), 0);
            if (SHOWN.contains(name) && value != null) {
                found.put(name.substring(name.indexOf('.') + 1), value);
            }
        }
        return found;
    }

    private Object value(int type, int depth) throws IOException {
        if (type == STRING) {
            return string();
        }
        if (type == ARRAY && depth < 2) {
            int of = (int) unsigned(4);
            long length = count(MOST_ELEMENTS, "elements");
            if (of >= 0 && of < SIZES.length && SIZES[of] > 0) {
                in.skipNBytes(length * SIZES[of]);
            } else {
                for (long i = 0; i < length; i++) {
                    value(of, depth + 1);
                }
            }
            return null;
        }
        if (type < 0 || type >= SIZES.length || SIZES[type] == 0) {
            throw new IOException("a field of the unknown type " + type);
        }
        return unsigned(SIZES[type]);
    }

    private long count(long most, String what) throws IOException {
        long count = unsigned(8);
        if (count < 0 || count > most) {
            throw new IOException(count + " " + what + ", expected at most " + most);
        }
        return count;
    }

    private String string() throws IOException {
        long length = unsigned(8);
        if (length < 0 || length > LONGEST) {
            throw new IOException("a text of " + length + " bytes, expected at most " + LONGEST);
        }
        byte[] bytes = new byte[(int) length];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private long unsigned(int bytes) throws IOException {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) in.readUnsignedByte() << 8 * i;
        }
        return value;
    }
}
