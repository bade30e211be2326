/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.Objects;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An array as rows of single precision, read one at a time and as fast as memory gives them. A vector is one row.
 *
 * <p><b>State.</b> Reads the array, which has to stay open. <b>Threads.</b> For one.
 *
 * @apiNote Status: internal
 */
public final class FloatRows {

    private final INDArray array;
    private final int length;
    private final short[] halves;

    private FloatRows(INDArray array, int length) {
        this.array = array;
        this.length = length;
        this.halves = new short[array.dataType().width() == Short.BYTES ? length : 0];
    }

    /**
     * Rows of an array.
     *
     * @param array floating-point numbers of any type, not empty
     * @return its rows; if they do not lie one after the other in memory, of a copy
     */
    public static FloatRows of(INDArray array) {
        boolean plain = !array.isView() && array.ordering() == 'c';
        INDArray own = array.dataType() == DataType.DOUBLE
                ? array.castTo(DataType.FLOAT).dup('c')
                : plain ? array : array.dup('c');
        return new FloatRows(own, Math.toIntExact(array.size(array.rank() - 1)));
    }

    /** How many rows there are. */
    public long count() {
        return array.length() / length;
    }

    /** Numbers of a row. */
    public int length() {
        return length;
    }

    /**
     * Reads a row.
     *
     * @param into takes its numbers
     */
    public void read(long row, float[] into) {
        int width = array.dataType().width();
        ByteBuffer bytes = memory(row * length * width, length * width);
        if (width == Float.BYTES) {
            bytes.asFloatBuffer().get(into, 0, length);
            return;
        }
        ShortBuffer shorts = bytes.asShortBuffer();
        shorts.get(halves);
        boolean brain = array.dataType() == DataType.BFLOAT16;
        for (int i = 0; i < length; i++) {
            into[i] = brain ? HalfFloats.fromBf16(halves[i]) : HalfFloats.fromF16(halves[i]);
        }
    }

    @SuppressWarnings("resource") // A pointer to memory that the array owns.
    private ByteBuffer memory(long from, int bytes) {
        Objects.checkFromIndexSize(from, bytes, Region.of(array).bytes());
        BytePointer whole = new BytePointer(array.data().pointer());
        return whole.position(from).limit(from + bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
}
