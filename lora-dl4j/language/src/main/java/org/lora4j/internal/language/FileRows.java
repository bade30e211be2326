/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.array.io.HalfFloats;
import org.lora4j.quant.RowSource;

/** The rows of a matrix in a file, of a type of 32 or 16 bits. For one thread. */
final class FileRows implements RowSource {

    private final TensorFile file;
    private final TensorEntry entry;
    private ByteBuffer bytes = ByteBuffer.allocate(0);

    FileRows(TensorFile file, TensorEntry entry) {
        this.file = file;
        this.entry = entry;
    }

    @Override
    public long rows() {
        return entry.shape()[0];
    }

    @Override
    public long columns() {
        return entry.shape()[1];
    }

    @Override
    public void read(long first, int count, float[] into) {
        int width = entry.dtype().bits() / Byte.SIZE;
        int length = Math.toIntExact(Math.multiplyExact(count, columns()));
        int size = Math.multiplyExact(length, width);
        if (bytes.capacity() < size) {
            bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }
        bytes.clear().limit(size);
        try {
            file.read(entry, first * columns() * width, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        bytes.flip();
        if (entry.dtype() == DType.F32) {
            bytes.asFloatBuffer().get(into, 0, length);
            return;
        }
        boolean brain = entry.dtype() == DType.BF16;
        for (int i = 0; i < length; i++) {
            short half = bytes.getShort(Short.BYTES * i);
            into[i] = brain ? HalfFloats.fromBf16(half) : HalfFloats.fromF16(half);
        }
    }
}
