/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One tensor in the place of a sound one.
 *
 * @param what in which way it is malformed
 * @param array the tensor; null if it is missing
 * @param found what a message must say of it
 */
record MalformedTwin(String what, INDArray array, String found) {

    /** Whether a file of integers can hold it. */
    boolean isOfIntegers() {
        return !List.of("NaN", "Infinity", "0.5", "1.0E9").contains(found);
    }

    /** The same shape in the type that PyTorch has for integers. */
    MalformedTwin asIntegers() {
        INDArray whole = Nd4j.create(DataType.INT64, array.shape());
        for (long i = 0; i < whole.length() && !whole.isEmpty(); i++) {
            whole.data().put(i, array.data().getLong(i));
        }
        return new MalformedTwin(what, whole, found);
    }

    /** The same as a message on a file calls its type. */
    MalformedTwin inFile() {
        return new MalformedTwin(
                what,
                array,
                switch (what.startsWith("with the place") ? "" : found) {
                    case "" -> "";
                    case "LONG" -> "I64";
                    case "INT" -> "I32";
                    case "UBYTE" -> "U8";
                    default -> found;
                });
    }

    /** Every malformed twin of a tensor. */
    static List<MalformedTwin> of(INDArray sound, boolean integers) {
        List<MalformedTwin> twins = new ArrayList<>();
        long[] shape = sound.shape();
        shaped(twins, "first axis missing", sound, Arrays.copyOfRange(shape, 1, shape.length));
        shaped(twins, "last axis missing", sound, Arrays.copyOf(shape, shape.length - 1));
        shaped(twins, "an axis more in front", sound, with(shape, 0, 1));
        shaped(twins, "an axis more behind", sound, with(shape, shape.length, 1));
        for (int axis = 0; axis < shape.length; axis++) {
            for (long size : new long[] {shape[axis] + 1, shape[axis] - 1, 0}) {
                long[] other = shape.clone();
                other[axis] = size;
                shaped(twins, "axis " + axis + " of size " + size, sound, other);
            }
            for (int second = axis + 1; second < shape.length; second++) {
                long[] turned = shape.clone();
                turned[axis] = shape[second];
                turned[second] = shape[axis];
                shaped(twins, "axes " + axis + " and " + second + " turned", sound, turned);
            }
        }
        for (DataType type : new DataType[] {DataType.INT64, DataType.INT32, DataType.UINT8, DataType.BOOL}) {
            twins.add(new MalformedTwin("of type " + type, sound.castTo(type), type.name()));
        }
        for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            INDArray bad = sound.dup('c');
            bad.data().put(0, value);
            twins.add(new MalformedTwin("with " + value, bad, Double.toString(value)));
        }
        if (integers) {
            for (double value : new double[] {-1, 0.5, 1e9}) {
                INDArray bad = sound.dup('c');
                bad.data().put(0, value);
                twins.add(new MalformedTwin("with the place " + value, bad, Double.toString(value)));
            }
        }
        twins.add(new MalformedTwin("missing", null, ""));
        return twins;
    }

    private static long[] with(long[] shape, int axis, long size) {
        return LongStream.concat(
                        LongStream.concat(Arrays.stream(shape, 0, axis), LongStream.of(size)),
                        Arrays.stream(shape, axis, shape.length))
                .toArray();
    }

    private static void shaped(List<MalformedTwin> twins, String what, INDArray sound, long[] shape) {
        boolean known =
                twins.stream().anyMatch(twin -> Arrays.equals(twin.array().shape(), shape));
        if (!known && !Arrays.equals(shape, sound.shape())) {
            twins.add(new MalformedTwin(what, filled(sound, shape), Arrays.toString(shape)));
        }
    }

    /** The values of a tensor over and over, so that nothing but the shape is wrong. */
    private static INDArray filled(INDArray sound, long[] shape) {
        double[] values = sound.dup('c').data().asDouble();
        INDArray filled = Nd4j.create(sound.dataType(), shape);
        for (long i = 0; i < filled.length() && !filled.isEmpty(); i++) {
            filled.data().put(i, values[(int) (i % values.length)]);
        }
        return filled;
    }
}
