/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.Arrays;
import java.util.List;
import org.lora4j.train.ShuffledIndices;

/** Draws from lists, the same ones with the same seed. */
public final class Draw {

    private Draw() {}

    /**
     * Some of a list.
     *
     * @param all the list
     * @param most how many at most
     * @param seed which ones
     * @param <T> what it has
     * @return some, or all, in random order
     */
    public static <T> List<T> some(List<T> all, int most, long seed) {
        return Arrays.stream(ShuffledIndices.of(all.size(), seed, 1))
                .limit(most)
                .mapToObj(all::get)
                .toList();
    }
}
