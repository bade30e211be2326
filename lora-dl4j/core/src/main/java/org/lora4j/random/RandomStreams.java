/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.random;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Independent streams of random numbers by name, and arrays filled from them.
 *
 * @apiNote Status: experimental
 */
public final class RandomStreams {

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private RandomStreams() {}

    /**
     * The stream of one name under a seed. It depends on nothing else, so adding a module to a run does not change the
     * start values of the others.
     *
     * @param seed the seed of the run
     * @param name for instance the path of a module
     * @return a new stream; equal arguments give equal streams
     */
    public static SplittableRandom of(long seed, String name) {
        long hash = FNV_OFFSET;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        // A step of the generator in between: seeds and hashes that differ in a few bits give unrelated streams.
        return new SplittableRandom(new SplittableRandom(seed).nextLong() ^ new SplittableRandom(hash).nextLong());
    }

    /**
     * Values uniform in {@code [-bound, bound)}.
     *
     * @param random the stream
     * @param bound positive
     * @param type a floating point type
     * @param shape shape of the array
     * @return a new array in C order, filled row by row
     */
    public static INDArray uniform(SplittableRandom random, double bound, DataType type, long... shape) {
        return fill(() -> (2 * random.nextDouble() - 1) * bound, type, shape);
    }

    /**
     * Values from a normal distribution with mean 0.
     *
     * @param random the stream
     * @param deviation standard deviation, not negative
     * @param type a floating point type
     * @param shape shape of the array
     * @return a new array in C order, filled row by row
     */
    public static INDArray normal(SplittableRandom random, double deviation, DataType type, long... shape) {
        return fill(() -> random.nextGaussian() * deviation, type, shape);
    }

    private static INDArray fill(DoubleSupplier source, DataType type, long[] shape) {
        long length = 1;
        for (long size : shape) {
            length = Math.multiplyExact(length, size);
        }
        if (type == DataType.FLOAT) {
            float[] values = new float[Math.toIntExact(length)];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) source.getAsDouble();
            }
            return Nd4j.create(values, shape, 'c');
        }
        double[] values = new double[Math.toIntExact(length)];
        for (int i = 0; i < values.length; i++) {
            values[i] = source.getAsDouble();
        }
        return Nd4j.create(values, shape, 'c').castTo(type);
    }
}
