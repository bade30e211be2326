/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.random.RandomStreams;

/**
 * Rows dealt to folds, each class evenly.
 *
 * @apiNote Status: internal
 */
public final class Folds {

    private final int[] folds;
    private final int count;

    private Folds(int[] folds, int count) {
        this.folds = folds;
        this.count = count;
    }

    /**
     * Deals rows.
     *
     * @param labels the class of each row
     * @param count how many folds
     * @param seed who goes where
     */
    public static Folds of(int[] labels, int count, long seed) {
        int[] folds = new int[labels.length];
        int[] order = byClass(labels, seed);
        for (int at = 0; at < order.length; at++) {
            folds[order[at]] = at % count;
        }
        return new Folds(folds, count);
    }

    /** Rows class by class, those of a class in random order: dealt one by one, each fold gets its share of each class. */
    private static int[] byClass(int[] labels, long seed) {
        int[] order = shuffled(labels.length, RandomStreams.of(seed, "folds"));
        return IntStream.of(order)
                .boxed()
                .sorted((a, b) -> Integer.compare(labels[a], labels[b]))
                .mapToInt(i -> i)
                .toArray();
    }

    /**
     * Numbers in random order.
     *
     * @param length how many
     * @return 0 to {@code length - 1}
     */
    public static int[] shuffled(int length, SplittableRandom random) {
        int[] order = IntStream.range(0, length).toArray();
        for (int i = length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    /**
     * How many folds there are.
     *
     * @return 2 or more
     */
    public int count() {
        return count;
    }

    /**
     * The rows of a fold.
     *
     * @return their numbers, ascending
     */
    public int[] heldOut(int fold) {
        return IntStream.range(0, folds.length).filter(i -> folds[i] == fold).toArray();
    }

    /**
     * The rows of all other folds.
     *
     * @return their numbers, ascending
     */
    public int[] learnedFrom(int fold) {
        return IntStream.range(0, folds.length).filter(i -> folds[i] != fold).toArray();
    }
}
