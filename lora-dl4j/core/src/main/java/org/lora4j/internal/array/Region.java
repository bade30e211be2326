/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Memory outside the heap, from an address to its end. Native code believes the sizes that it is told; here they are held
 * against what is there, each time, so that a size that was computed wrongly ends in an exception and not in the memory of
 * others.
 *
 * <p><b>Memory.</b> Keeps what owns it, an array's buffer or a pointer, so that the garbage collector does not free it while
 * somebody has the region. An address alone keeps nothing: whoever gives one to native code asks for {@link #inUse()} behind the
 * call. Who closes an array or a pointer frees its memory all the same. <b>Threads.</b> Any.
 *
 * @param address of the first byte
 * @param bytes how many there are
 * @param owner what frees the memory when nobody has it any more; null if that is seen to elsewhere
 * @apiNote Status: internal
 */
public record Region(long address, long bytes, Object owner) {

    /** Memory that is kept elsewhere. */
    public Region(long address, long bytes) {
        this(address, bytes, null);
    }

    /**
     * The memory of an array.
     *
     * @param array an array whose elements lie one behind the other
     * @return from its first element to its last
     * @throws IndexOutOfBoundsException if its buffer ends before
     */
    public static Region of(INDArray array) {
        Region rest = toEndOfBuffer(array);
        long bytes = Math.multiplyExact(array.length(), array.data().getElementSize());
        rest.require(bytes);
        return new Region(rest.address, bytes, rest.owner);
    }

    /**
     * The memory that an array may lie in. Shape, strides and offset say what an array takes of its buffer, and ND4J believes them;
     * only the memory itself knows where it ends.
     *
     * @param array an array, or a view of one
     * @return from its first element to the end of its buffer
     * @throws IndexOutOfBoundsException if its first element is not in its buffer
     */
    public static Region toEndOfBuffer(INDArray array) {
        DataBuffer buffer = array.data();
        Pointer memory = buffer.pointer();
        long width = buffer.getElementSize();
        return new Region(memory.address(), Math.multiplyExact(memory.capacity(), width), buffer)
                .from(Math.multiplyExact(array.offset(), width));
    }

    /**
     * The memory of a pointer.
     *
     * @param pointer a pointer that knows its capacity
     * @return from where it is to its end
     * @throws IllegalStateException if it was closed
     */
    public static Region of(Pointer pointer) {
        long width = pointer.sizeof();
        long bytes = (pointer.limit() - pointer.position()) * width;
        if (pointer.isNull() && bytes > 0) {
            throw new IllegalStateException("memory: " + bytes
                    + " bytes that were freed; expected some in use. It was closed too early: please report it.");
        }
        return new Region(pointer.address() + pointer.position() * width, bytes, pointer);
    }

    /**
     * Keeps the memory until here: to be called behind the native call that was told the address. It does nothing else, and costs
     * nothing.
     */
    public void inUse() {
        Reference.reachabilityFence(owner);
    }

    /**
     * What lies behind some bytes.
     *
     * @param offset how many bytes to leave out
     * @throws IndexOutOfBoundsException if there are fewer
     */
    public Region from(long offset) {
        if (offset < 0 || offset > bytes) {
            throw beyond(offset);
        }
        return new Region(address + offset, bytes - offset, owner);
    }

    /**
     * Requires memory.
     *
     * @param needed how many bytes will be read or written
     * @throws IndexOutOfBoundsException if there are fewer
     */
    public void require(long needed) {
        if (needed < 0 || needed > bytes) {
            throw beyond(needed);
        }
    }

    /**
     * Requires memory of a matrix whose rows begin at equal distances.
     *
     * @param rows how many, 0 or more
     * @param step elements from the beginning of a row to that of the next one
     * @param columns elements of a row, at most {@code step} if there are two rows
     * @param width bytes of an element
     * @throws IndexOutOfBoundsException if there is less
     */
    public void requireRows(long rows, long step, long columns, int width) {
        if (rows < 0 || columns < 0 || step < columns && rows > 1) {
            throw new IndexOutOfBoundsException("memory: " + rows + " rows of " + columns + " elements, " + step
                    + " apart; expected rows that do not overlap. A size was computed wrongly: please report it.");
        }
        if (rows > 0) {
            require(Math.multiplyExact(Math.addExact(Math.multiplyExact(rows - 1, step), columns), (long) width));
        }
    }

    /**
     * Requires a copy between an array and a Java array, whose lengths native code does not look at.
     *
     * @param array an array whose elements lie one behind the other
     * @param from index of the first element of the array
     * @param length how many are copied, from index 0 of the Java array on
     * @throws IndexOutOfBoundsException if they are not there
     */
    public static void requireCopy(INDArray array, long from, int length, int javaLength) {
        of(array);
        Objects.checkFromIndexSize(from, length, array.length());
        Objects.checkFromIndexSize(0, length, javaLength);
    }

    /**
     * The first bytes, to be read while the region is {@link #inUse in use}.
     *
     * @return a buffer, which keeps nothing
     * @throws IndexOutOfBoundsException if they are not there
     */
    ByteBuffer buffer(int length) {
        require(length);
        return new BytePointer(new Address(address)).capacity(length).asByteBuffer();
    }

    /**
     * Copies floats from here to the heap.
     *
     * @param into receives them from index 0 on
     * @throws IndexOutOfBoundsException if they are not there
     */
    public void read(float[] into, int length) {
        floats(into, length).get(into, 0, length);
        inUse();
    }

    /**
     * Copies floats from the heap to here.
     *
     * @param values the first ones are copied
     * @throws IndexOutOfBoundsException if there is no room
     */
    public void write(float[] values, int length) {
        floats(values, length).put(values, 0, length);
        inUse();
    }

    private FloatPointer floats(float[] array, int length) {
        Objects.checkFromIndexSize(0, length, array.length);
        require((long) length * Float.BYTES);
        return new FloatPointer(new Address(address));
    }

    /**
     * Copies bytes to memory that is apart from this.
     *
     * @throws IndexOutOfBoundsException if they are not here, or there is no room there
     */
    public void copyTo(Region other, long count) {
        require(count);
        other.require(count);
        Pointer.memcpy(new Address(other.address), new Address(address), count);
        inUse();
        other.inUse();
    }

    /** A place in memory that belongs to someone else. */
    private static final class Address extends Pointer {
        Address(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private IndexOutOfBoundsException beyond(long wanted) {
        return new IndexOutOfBoundsException("memory: " + wanted + " bytes, but there are " + bytes
                + "; expected as many. A size was computed wrongly: please report it.");
    }

    /** The same place; the owner does not matter, whose {@code equals} may compare values. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Region region && address == region.address && bytes == region.bytes;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(address) + Long.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "Region[" + bytes + " bytes]";
    }
}
