/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import org.lora4j.format.DType;

/** The arithmetic of a tensor as a view of a storage: where its elements lie, and how to bring them in row-major order. */
final class TensorView {

    private final DType dtype;
    private final long offset;
    private final long[] shape;
    private final long[] strides;

    TensorView(PickleValue.Tensor tensor) {
        this.dtype = tensor.dtype();
        this.offset = tensor.offset();
        this.shape = tensor.shape();
        this.strides = tensor.strides();
    }

    int elementBytes() {
        return dtype.bits() / Byte.SIZE;
    }

    private boolean isEmpty() {
        for (long dimension : shape) {
            if (dimension == 0) {
                return true;
            }
        }
        return false;
    }

    /** Bytes of the storage before the first element. */
    long begin() {
        return Math.multiplyExact(offset, elementBytes());
    }

    /**
     * Bytes from the first element to the end of the last.
     *
     * @throws ArithmeticException if they exceed a long
     */
    long span() {
        if (isEmpty()) {
            return 0;
        }
        long last = 0;
        for (int i = 0; i < shape.length; i++) {
            last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, strides[i]));
        }
        return Math.multiplyExact(Math.addExact(last, 1), elementBytes());
    }

    /** Whether the elements lie in row-major order without gaps; the stride of a dimension of size 1 says nothing. */
    boolean isContiguous() {
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1 && strides[i] != expected) {
                return isEmpty();
            }
            expected *= shape[i];
        }
        return true;
    }

    /**
     * The elements in row-major order, little endian.
     *
     * @param storage the bytes of the span
     * @param bigEndian whether they are big endian
     */
    byte[] rowMajor(byte[] storage, boolean bigEndian) {
        int width = elementBytes();
        byte[] result = new byte[Math.toIntExact(dtype.byteCount(shape))];
        long[] index = new long[shape.length];
        long element = 0;
        for (int at = 0; at < result.length; at += width) {
            System.arraycopy(storage, (int) (element * width), result, at, width);
            element = advance(index, element);
        }
        if (bigEndian) {
            reverseParts(result, dtype == DType.C64 ? width / 2 : width);
        }
        return result;
    }

    private long advance(long[] index, long element) {
        long next = element;
        for (int i = shape.length - 1; i >= 0; i--) {
            index[i]++;
            next += strides[i];
            if (index[i] < shape[i]) {
                return next;
            }
            next -= shape[i] * strides[i];
            index[i] = 0;
        }
        return next;
    }

    private static void reverseParts(byte[] bytes, int width) {
        for (int start = 0; start < bytes.length; start += width) {
            for (int low = start, high = start + width - 1; low < high; low++, high--) {
                byte kept = bytes[low];
                bytes[low] = bytes[high];
                bytes[high] = kept;
            }
        }
    }
}
