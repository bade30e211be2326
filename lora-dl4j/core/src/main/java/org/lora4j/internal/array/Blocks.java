/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Work cut into pieces that fit the cache, on several threads where ND4J itself may use them in the thread that asks. Results
 * do not depend on them.
 *
 * @apiNote Status: internal
 */
public final class Blocks {

    /** Fewer are done before another thread has begun. */
    private static final int WORTH_SHARING = 16;

    private Blocks() {}

    /** A piece of work: blocks have their number, first value and length. */
    @FunctionalInterface
    public interface Body {
        void run(int block, long from, int length);
    }

    /** Number of blocks for values in rows of a width, whole rows to a block. */
    public static int count(long values, int width) {
        int size = size(width);
        return (int) ((values + size - 1) / size);
    }

    /** Length of the longest block, and of the Java arrays that hold one. */
    public static int size(long values, int width) {
        return (int) Math.min(values, size(width));
    }

    private static int size(int width) {
        return Math.max(1, DenseArray.BLOCK / width) * width;
    }

    public static void run(long values, int width, Body body) {
        int size = size(width);
        each(count(values, width), b -> {
            long from = (long) b * size;
            body.run(b, from, (int) Math.min(size, values - from));
        });
    }

    /** Pieces that are made otherwise. */
    public static void each(int blocks, IntConsumer body) {
        IntStream all = IntStream.range(0, blocks);
        boolean parallel =
                blocks > 1 && NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads() > 1;
        each(parallel ? all.parallel() : all, body);
    }

    /**
     * Does something for each number, side by side if the stream says so. Whatever fails, the others are done when this returns or
     * throws: a stream by itself would throw while they still write, into arrays that the caller then frees.
     *
     * @param numbers a stream, parallel or not
     * @param body what is done; after a failure no more is begun
     */
    public static void each(IntStream numbers, IntConsumer body) {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        numbers.forEach(i -> {
            if (failure.get() == null) {
                try {
                    body.accept(i);
                } catch (RuntimeException | Error e) {
                    failure.compareAndSet(null, e);
                }
            }
        });
        if (failure.get() instanceof Error error) {
            throw error;
        }
        if (failure.get() != null) {
            throw (RuntimeException) failure.get();
        }
    }

    /**
     * Does work on blocks that know nothing of each other, by some threads at most, the caller's included, in any order.
     *
     * @param threads how many, 1 or more
     * @param blocks how many blocks of {@value DenseArray#BLOCK} values; where they are few, the caller does all
     * @param workers asked once for each thread, so that it has working memory of its own, for what is done on a block
     */
    public static void among(int threads, int blocks, Supplier<IntConsumer> workers) {
        share(blocks < WORTH_SHARING ? 1 : threads, blocks, workers);
    }

    /**
     * Does work on arrays that know nothing of each other. Those whose blocks are too few to be shared are shared themselves,
     * among some threads at most; the others come one after the other, as {@link #among} shares each.
     *
     * @param threads how many, 1 or more
     * @param work what is done with the array of a number
     */
    public static void ofEach(int threads, long[] lengths, IntConsumer work) {
        Map<Boolean, int[]> areSmall = IntStream.range(0, lengths.length)
                .boxed()
                .collect(Collectors.partitioningBy(
                        i -> lengths[i] < (long) WORTH_SHARING * DenseArray.BLOCK,
                        Collectors.collectingAndThen(
                                Collectors.toList(),
                                some -> some.stream().mapToInt(i -> i).toArray())));
        int[] small = areSmall.get(true);
        share(threads, small.length, () -> i -> work.accept(small[i]));
        Arrays.stream(areSmall.get(false)).forEach(work);
    }

    private static void share(int threads, int pieces, Supplier<IntConsumer> workers) {
        AtomicInteger next = new AtomicInteger();
        IntStream all = IntStream.range(0, Math.min(threads, pieces));
        each(threads == 1 ? all : all.parallel(), thread -> {
            IntConsumer worker = workers.get();
            for (int piece = next.getAndIncrement(); piece < pieces; piece = next.getAndIncrement()) {
                worker.accept(piece);
            }
        });
    }
}
