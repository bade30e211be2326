/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Orders of examples or batches, a different one per epoch, the same ones for the same seed.
 *
 * @apiNote Status: experimental
 */
public final class ShuffledIndices {

    private ShuffledIndices() {}

    /**
     * Returns the numbers 0 to {@code size - 1} in a random order, every order equally likely.
     *
     * @param size how many, 0 or more
     * @param seed seed of the run
     * @param epoch number of the epoch; each gets an order of its own
     * @return a new array
     * @throws IllegalArgumentException if {@code size} is negative
     */
    public static int[] of(int size, long seed, int epoch) {
        if (size < 0) {
            throw new IllegalArgumentException("ShuffledIndices: size = " + size + "; expected 0 or more");
        }
        int[] order = IntStream.range(0, size).toArray();
        SplittableRandom random = new SplittableRandom(Seeds.order(seed, epoch));
        for (int i = size - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        return order;
    }
}
