/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.zip;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads the directory at the end of a zip file, with its 64-bit extension.
 *
 * <p>An own reader instead of the JDK's, for three reasons: stored entries are read at random places of files beyond 2 GiB,
 * declared sizes are held against the file before anything is allocated, and what is accepted does not differ between
 * releases of the JDK. It is strict where readers differ, so that one file cannot mean two things: no bytes between the
 * directory and the end, no two entries of a name, no disagreement of the two ends. Names are looked up, never used as paths.
 *
 * @apiNote Status: internal
 */
public final class ZipDirectory {

    /**
     * One entry as the directory says it is, checked against the length of the file.
     *
     * @param name its name
     * @param deflated whether it is compressed
     * @param header where its local header is
     * @param compressedSize bytes in the file
     * @param size bytes after decompression
     * @param limit where its bytes must have ended
     * @param crc the checksum of the decompressed bytes
     */
    public record Entry(
            String name, boolean deflated, long header, long compressedSize, long size, long limit, long crc) {}

    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int LONGEST_COMMENT = 0xFFFF;
    private static final int LOCATOR = 0x07064b50;
    private static final int LOCATOR_BYTES = 20;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_BYTES = 56;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int EXTRA_64 = 1;

    private static final int SATURATED_16 = 0xFFFF;
    private static final long SATURATED_32 = 0xFFFF_FFFFL;

    private static final int ENCRYPTED = 1;
    private static final int UTF_8_NAME = 1 << 11;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    /** The algorithm cannot do better. */
    private static final int MOST_EXPANSION = 1032;

    private static final int MOST_DIRECTORY_BYTES = 100_000_000;

    private final ZipBytes file;

    private ZipDirectory(ZipBytes file) {
        this.file = file;
    }

    /** Where the directory lies: it ends where the end record begins. */
    private record Extent(long start, long length, long entries) {}

    /**
     * Reads the directory.
     *
     * @return all entries by name, in the order of the directory
     * @throws IOException if there is none, or it contradicts itself or the length of the file
     */
    public static Map<String, Entry> read(ZipBytes file) throws IOException {
        ZipDirectory directory = new ZipDirectory(file);
        return directory.entries(directory.locate());
    }

    private Extent locate() throws IOException {
        int tail = (int) Math.min(file.length(), END_BYTES + LONGEST_COMMENT);
        ByteBuffer bytes = file.read(file.length() - tail, tail);
        for (int at = tail - END_BYTES; at >= 0; at--) {
            int comment = tail - END_BYTES - at;
            if (bytes.getInt(at) == END && Short.toUnsignedInt(bytes.getShort(at + 20)) == comment) {
                return extent(
                        file.length() - tail + at, bytes.slice(at, END_BYTES).order(bytes.order()));
            }
        }
        throw file.corrupt("has no end of a zip directory; expected a zip file");
    }

    private Extent extent(long endAt, ByteBuffer end) throws IOException {
        int entries = Short.toUnsignedInt(end.getShort(10));
        long length = Integer.toUnsignedLong(end.getInt(12));
        long start = Integer.toUnsignedLong(end.getInt(16));
        if (end.getInt(4) != 0 || Short.toUnsignedInt(end.getShort(8)) != entries) {
            throw file.corrupt("is a part of a zip file in several parts; expected one file");
        }
        Extent small = new Extent(start, length, entries);
        if (endAt < LOCATOR_BYTES) {
            return checked(small, endAt);
        }
        ByteBuffer locator = file.read(endAt - LOCATOR_BYTES, LOCATOR_BYTES);
        return locator.getInt(0) == LOCATOR
                ? extended(locator.getLong(8), endAt - LOCATOR_BYTES, small)
                : checked(small, endAt);
    }

    private Extent extended(long endAt, long limit, Extent small) throws IOException {
        if (endAt < 0 || endAt > limit - END_64_BYTES) {
            throw file.corrupt("points to byte " + endAt + " for the end of its directory; expected before " + limit);
        }
        ByteBuffer end = file.read(endAt, END_64_BYTES);
        Extent large = new Extent(end.getLong(48), end.getLong(40), end.getLong(32));
        boolean agrees = (small.start == SATURATED_32 || small.start == large.start)
                && (small.length == SATURATED_32 || small.length == large.length)
                && (small.entries == SATURATED_16 || small.entries == large.entries);
        if (end.getInt(0) != END_64 || !agrees || end.getLong(24) != large.entries) {
            throw file.corrupt("has two ends of its directory that disagree: " + small + " and " + large);
        }
        return checked(large, endAt);
    }

    private Extent checked(Extent extent, long endAt) throws IOException {
        if (extent.start < 0
                || extent.length < 0
                || extent.start > endAt - extent.length
                || extent.start + extent.length != endAt) {
            throw file.corrupt("has a zip directory of " + extent.length + " bytes at " + extent.start
                    + "; expected it to end at byte " + endAt);
        }
        if (extent.length > MOST_DIRECTORY_BYTES) {
            throw file.corrupt(
                    "has a zip directory of " + extent.length + " bytes; expected at most " + MOST_DIRECTORY_BYTES);
        }
        return extent;
    }

    private Map<String, Entry> entries(Extent extent) throws IOException {
        ByteBuffer bytes = file.read(extent.start, (int) extent.length);
        Map<String, Entry> entries = new LinkedHashMap<>();
        while (bytes.hasRemaining()) {
            Entry entry = entry(bytes, extent.start);
            if (entries.put(entry.name(), entry) != null) {
                throw file.corrupt("has two entries \"" + entry.name() + "\"");
            }
        }
        if (entries.size() != extent.entries) {
            throw file.corrupt("has " + entries.size() + " entries; expected " + extent.entries);
        }
        return entries;
    }

    private Entry entry(ByteBuffer bytes, long directoryStart) throws IOException {
        if (bytes.remaining() < ENTRY_BYTES || bytes.getInt(bytes.position()) != ENTRY) {
            throw file.corrupt("has no entry at byte " + (directoryStart + bytes.position()) + " of its directory");
        }
        ByteBuffer fixed = next(bytes, ENTRY_BYTES);
        int flags = Short.toUnsignedInt(fixed.getShort(8));
        int method = Short.toUnsignedInt(fixed.getShort(10));
        String name = name(next(bytes, Short.toUnsignedInt(fixed.getShort(28))), flags);
        ByteBuffer extra = next(bytes, Short.toUnsignedInt(fixed.getShort(30)));
        next(bytes, Short.toUnsignedInt(fixed.getShort(32)));
        if ((flags & ENCRYPTED) != 0 || method != STORED && method != DEFLATED) {
            throw file.corrupt("entry \"" + name + "\" is encrypted or compressed by method " + method
                    + "; expected it stored or deflated");
        }
        ByteBuffer extension = extension(extra);
        long size = wide(fixed.getInt(24), extension, name);
        long compressed = wide(fixed.getInt(20), extension, name);
        long header = wide(fixed.getInt(42), extension, name);
        check(name, method == DEFLATED, size, compressed, header, directoryStart);
        long crc = Integer.toUnsignedLong(fixed.getInt(16));
        return new Entry(name, method == DEFLATED, header, compressed, size, directoryStart, crc);
    }

    private void check(String name, boolean deflated, long size, long compressed, long header, long directoryStart)
            throws IOException {
        boolean fits =
                header >= 0 && compressed >= 0 && header <= directoryStart && compressed <= directoryStart - header;
        boolean plausible = deflated ? size >= 0 && size / MOST_EXPANSION <= compressed : size == compressed;
        if (!fits || !plausible) {
            throw file.corrupt("entry \"" + name + "\" has " + Long.toUnsignedString(size) + " bytes in "
                    + Long.toUnsignedString(compressed) + " at " + Long.toUnsignedString(header)
                    + "; expected it to lie"
                    + " before the directory at " + directoryStart
                    + (deflated
                            ? " and to be deflated " + MOST_EXPANSION + ":1 at most"
                            : " and to be as long as stored"));
        }
    }

    private ByteBuffer next(ByteBuffer bytes, int length) throws IOException {
        if (length > bytes.remaining()) {
            throw file.corrupt("has a zip directory that ends within an entry");
        }
        ByteBuffer part = bytes.slice(bytes.position(), length).order(bytes.order());
        bytes.position(bytes.position() + length);
        return part;
    }

    private String name(ByteBuffer encoded, int flags) throws IOException {
        Charset charset = (flags & UTF_8_NAME) != 0 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1;
        try {
            return charset.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(encoded)
                    .toString();
        } catch (CharacterCodingException e) {
            throw file.corrupt("has an entry whose name is not " + charset);
        }
    }

    /** The extra field with the numbers that do not fit 32 bits. */
    private static ByteBuffer extension(ByteBuffer extra) {
        while (extra.remaining() >= 2 * Short.BYTES) {
            int id = Short.toUnsignedInt(extra.getShort());
            int length = Math.min(Short.toUnsignedInt(extra.getShort()), extra.remaining());
            if (id == EXTRA_64) {
                return extra.slice(extra.position(), length).order(extra.order());
            }
            extra.position(extra.position() + length);
        }
        return ByteBuffer.allocate(0);
    }

    private long wide(int narrow, ByteBuffer extension, String name) throws IOException {
        if (Integer.toUnsignedLong(narrow) != SATURATED_32) {
            return Integer.toUnsignedLong(narrow);
        }
        if (extension.remaining() < Long.BYTES) {
            throw file.corrupt("entry \"" + name + "\" lacks a size or position of 64 bits");
        }
        return extension.getLong();
    }
}
