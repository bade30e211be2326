/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Bytes of arrays through Java arrays. */
final class ByteValues {

    private ByteValues() {}

    /** A new array of a type of one byte. */
    static INDArray array(DataType type, byte[] values, long... shape) {
        INDArray array = Nd4j.createUninitialized(type, shape, 'c');
        write(array, 0, values, values.length);
        return array;
    }

    /** Writes bytes of an array in 'c' order that is no view. */
    static void write(INDArray array, long from, byte[] values, int length) {
        Region.requireCopy(array, from, length, values.length);
        new BytePointer(array.data().pointer()).position(array.offset() + from).put(values, 0, length);
        Reference.reachabilityFence(array);
    }

    /** Reads bytes of an array in 'c' order that is no view. */
    static void read(INDArray array, long from, byte[] into, int length) {
        Region.requireCopy(array, from, length, into.length);
        new BytePointer(array.data().pointer()).position(array.offset() + from).get(into, 0, length);
        Reference.reachabilityFence(array);
    }

    static byte[] all(INDArray array) {
        byte[] values = new byte[Math.toIntExact(array.length())];
        read(array, 0, values, values.length);
        return values;
    }
}
