/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * What the first bytes of an image say, without decoding a pixel.
 *
 * @param format of the file
 * @param width columns of the pixels as they are stored, 0 to 2^32 - 1
 * @param height rows of the pixels as they are stored
 * @param orientation EXIF's tag, 1 if there is none or one that means nothing
 * @param whole false if the file's own lengths and checksums tell that it is damaged; decoders of the JDK ask none of them
 */
record ImageHeader(Format format, long width, long height, int orientation, boolean whole) {

    /** What is read. */
    enum Format {
        PNG,
        JPEG
    }

    private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0, 0};

    private static final int PNG_HEADER = name("IHDR");
    private static final int PNG_EXIF = name("eXIf");
    private static final int PNG_END = name("IEND");
    private static final int CHUNK_HEADER = 8;
    private static final int CHUNK_CHECKSUM = 4;

    private static final int JPEG_START = 0xd8;
    private static final int JPEG_SCAN = 0xda;
    private static final int JPEG_END = 0xd9;
    private static final int JPEG_APPLICATION_1 = 0xe1;
    private static final int JPEG_FILL = 0xff;

    private static final int ORIENTATION = 0x0112;
    private static final int ENTRY = 12;
    private static final int SHORT = 3;
    private static final int UPRIGHT = 1;
    private static final int LAST_ORIENTATION = 8;

    /** The header of a file; empty if it is of another format or ends before its size. */
    static Optional<ImageHeader> of(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (startsWith(bytes, 0, PNG)) {
            return png(in);
        }
        boolean jpeg = bytes.length > 3
                && unsigned(in.get(0)) == JPEG_FILL
                && unsigned(in.get(1)) == JPEG_START
                && unsigned(in.get(2)) == JPEG_FILL;
        return jpeg ? jpeg(in) : Optional.empty();
    }

    private static Optional<ImageHeader> png(ByteBuffer in) {
        int data = PNG.length + CHUNK_HEADER;
        if (in.limit() < data + 8 || in.getInt(PNG.length + 4) != PNG_HEADER) {
            return Optional.empty();
        }
        long width = Integer.toUnsignedLong(in.getInt(data));
        long height = Integer.toUnsignedLong(in.getInt(data + 4));
        int orientation = UPRIGHT;
        boolean sound = true;
        boolean ended = false;
        long at = PNG.length;
        while (!ended && at + CHUNK_HEADER + CHUNK_CHECKSUM <= in.limit()) {
            long length = Integer.toUnsignedLong(in.getInt((int) at));
            int kind = in.getInt((int) at + 4);
            long from = at + CHUNK_HEADER;
            if (from + length + CHUNK_CHECKSUM > in.limit()) {
                break;
            }
            // What a decoder may leave out may be wrong.
            sound &= isOptional(kind)
                    || checksum(in, (int) at + 4, (int) length + 4) == in.getInt((int) (from + length));
            if (kind == PNG_EXIF) {
                orientation = orientation(slice(in, (int) from, (int) length));
            }
            ended = kind == PNG_END;
            at = from + length + CHUNK_CHECKSUM;
        }
        return Optional.of(new ImageHeader(Format.PNG, width, height, orientation, sound && ended));
    }

    private static boolean isOptional(int chunk) {
        return Character.isLowerCase(chunk >>> 24);
    }

    private static int checksum(ByteBuffer in, int from, int length) {
        CRC32 checksum = new CRC32();
        checksum.update(in.array(), from, length);
        return (int) checksum.getValue();
    }

    private static Optional<ImageHeader> jpeg(ByteBuffer in) {
        int orientation = UPRIGHT;
        int at = 2;
        while (at + 4 <= in.limit() && unsigned(in.get(at)) == JPEG_FILL) {
            int marker = unsigned(in.get(at + 1));
            if (marker == JPEG_FILL) {
                at++;
                continue;
            }
            int length = unsigned(in.getShort(at + 2));
            int data = at + 4;
            int end = at + 2 + length;
            if (marker == JPEG_SCAN || marker == JPEG_END || length < 2 || end > in.limit()) {
                break;
            }
            if (marker == JPEG_APPLICATION_1 && startsWith(in.array(), data, EXIF)) {
                orientation = orientation(slice(in, data + EXIF.length, end - data - EXIF.length));
            }
            if (isFrame(marker) && length >= 7) {
                int height = unsigned(in.getShort(data + 1));
                int width = unsigned(in.getShort(data + 3));
                return Optional.of(new ImageHeader(Format.JPEG, width, height, orientation, true));
            }
            at = end;
        }
        return Optional.empty();
    }

    /** SOF0 to SOF15, without the tables that have numbers among them. */
    private static boolean isFrame(int marker) {
        return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }

    /** The tag in the first directory of a TIFF; whatever is odd about it is no reason to refuse the image. */
    private static int orientation(ByteBuffer tiff) {
        if (tiff.limit() < 8) {
            return UPRIGHT;
        }
        int order = unsigned(tiff.getShort(0));
        if (order != 0x4949 && order != 0x4d4d) {
            return UPRIGHT;
        }
        tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = Integer.toUnsignedLong(tiff.getInt(4));
        if (directory + 2 > tiff.limit()) {
            return UPRIGHT;
        }
        int entries = unsigned(tiff.getShort((int) directory));
        for (int i = 0; i < entries; i++) {
            long at = directory + 2 + (long) i * ENTRY;
            if (at + ENTRY > tiff.limit()) {
                break;
            }
            if (unsigned(tiff.getShort((int) at)) == ORIENTATION && tiff.getShort((int) at + 2) == SHORT) {
                int value = unsigned(tiff.getShort((int) at + 8));
                return value <= LAST_ORIENTATION ? value : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    private static ByteBuffer slice(ByteBuffer in, int from, int length) {
        return in.slice(from, length);
    }

    private static boolean startsWith(byte[] bytes, int from, byte[] start) {
        return bytes.length >= from + start.length
                && Arrays.equals(bytes, from, from + start.length, start, 0, start.length);
    }

    private static int unsigned(byte value) {
        return Byte.toUnsignedInt(value);
    }

    private static int unsigned(short value) {
        return Short.toUnsignedInt(value);
    }

    private static int name(String chunk) {
        return ByteBuffer.wrap(chunk.getBytes(StandardCharsets.US_ASCII)).getInt();
    }
}
