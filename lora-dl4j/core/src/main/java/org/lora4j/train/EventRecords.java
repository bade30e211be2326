/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * Events as TensorBoard reads them: records of TFRecord (length, its checksum, bytes, their checksum), each a message {@code
 * tensorflow.Event} of protocol buffers.
 */
final class EventRecords {

    /** What masks checksums, since a checksum of bytes that hold checksums would be weak. */
    private static final int MASK = 0xa282ead8;

    private static final int WALL_TIME = 1 << 3 | 1;
    private static final int STEP = 2 << 3;
    private static final int FILE_VERSION = 3 << 3 | 2;
    private static final int SUMMARY = 5 << 3 | 2;
    private static final int VALUE = 1 << 3 | 2;
    private static final int TAG = 1 << 3 | 2;
    private static final int SIMPLE_VALUE = 2 << 3 | 5;

    private EventRecords() {}

    /** What a file begins with. */
    static byte[] version(double seconds) {
        ByteArrayOutputStream event = event(seconds);
        bytes(FILE_VERSION, "brain.Event:2".getBytes(StandardCharsets.UTF_8), event);
        return record(event.toByteArray());
    }

    /** A number at a step. */
    static byte[] scalar(double seconds, long step, String tag, float number) {
        ByteArrayOutputStream value = new ByteArrayOutputStream();
        bytes(TAG, tag.getBytes(StandardCharsets.UTF_8), value);
        value.write(SIMPLE_VALUE);
        value.writeBytes(little(Float.BYTES).putFloat(number).array());
        ByteArrayOutputStream summary = new ByteArrayOutputStream();
        bytes(VALUE, value.toByteArray(), summary);
        ByteArrayOutputStream event = event(seconds);
        event.write(STEP);
        varint(step, event);
        bytes(SUMMARY, summary.toByteArray(), event);
        return record(event.toByteArray());
    }

    private static ByteArrayOutputStream event(double seconds) {
        ByteArrayOutputStream event = new ByteArrayOutputStream();
        event.write(WALL_TIME);
        event.writeBytes(little(Double.BYTES).putDouble(seconds).array());
        return event;
    }

    private static void bytes(int field, byte[] content, ByteArrayOutputStream out) {
        out.write(field);
        varint(content.length, out);
        out.writeBytes(content);
    }

    private static void varint(long number, ByteArrayOutputStream out) {
        long rest = number;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static byte[] record(byte[] content) {
        byte[] length = little(Long.BYTES).putLong(content.length).array();
        return little(Long.BYTES + 2 * Integer.BYTES + content.length)
                .put(length)
                .putInt(masked(length))
                .put(content)
                .putInt(masked(content))
                .array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int masked(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return Integer.rotateRight((int) checksum.getValue(), 15) + MASK;
    }
}
