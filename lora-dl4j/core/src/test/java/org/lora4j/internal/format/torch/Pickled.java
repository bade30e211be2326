/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes pickles of protocol 2 instruction by instruction. */
final class Pickled {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Pickled() {
        op(0x80).op(2);
    }

    Pickled op(int... codes) {
        for (int code : codes) {
            bytes.write(code);
        }
        return this;
    }

    Pickled ops(String codes) {
        bytes.writeBytes(codes.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    Pickled int32(long value) {
        bytes.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) value)
                .array());
        return this;
    }

    Pickled int64(long value) {
        bytes.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
        return this;
    }

    Pickled text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        op('X').int32(utf8.length);
        bytes.writeBytes(utf8);
        return this;
    }

    /** An integer of 8 bytes (LONG1). */
    Pickled whole(long value) {
        return op(0x8a, 8).int64(value);
    }

    Pickled tuple(long... values) {
        op('(');
        for (long value : values) {
            whole(value);
        }
        return op('t');
    }

    Pickled global(String module, String name) {
        return ops("c" + module + "\n" + name + "\n");
    }

    Pickled storage(String type, String key, long elements) {
        return op('(').text("storage")
                .global("torch", type)
                .text(key)
                .text("cpu")
                .whole(elements)
                .op('t', 'Q');
    }

    /** A call of _rebuild_tensor_v2 over a FloatStorage. */
    Pickled tensor(String key, long elements, long offset, long[] shape, long[] strides) {
        global("torch._utils", "_rebuild_tensor_v2").op('(').storage("FloatStorage", key, elements);
        return whole(offset).tuple(shape).tuple(strides).op(0x89, 'N', 't', 'R');
    }

    byte[] end() {
        op('.');
        return bytes.toByteArray();
    }
}
