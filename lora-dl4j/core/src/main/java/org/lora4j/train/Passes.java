/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Passes over all values of parameters or their gradients, shared among as many threads as a run has parts of a batch. What
 * they compute does not depend on the number.
 */
final class Passes {

    private static final ThreadLocal<Integer> THREADS = ThreadLocal.withInitial(() -> 1);

    private Passes() {}

    /** Does some work whose passes may use so many threads, this one included. */
    static void among(int threads, Runnable work) {
        int before = THREADS.get();
        THREADS.set(threads);
        try {
            work.run();
        } finally {
            THREADS.set(before);
        }
    }

    /** Does some work for each array that is not null; the work of one knows nothing of the others. */
    static void each(List<INDArray> arrays, IntConsumer work) {
        long[] lengths = arrays.stream()
                .mapToLong(array -> array == null ? 0 : array.length())
                .toArray();
        Blocks.ofEach(THREADS.get(), lengths, i -> {
            if (arrays.get(i) != null) {
                work.accept(i);
            }
        });
    }

    /** Goes over the blocks of an array in any order; the supplier is asked once for each thread. */
    static void over(DenseArray array, Supplier<IntConsumer> workers) {
        Blocks.among(THREADS.get(), array.blocks(), workers);
    }
}
