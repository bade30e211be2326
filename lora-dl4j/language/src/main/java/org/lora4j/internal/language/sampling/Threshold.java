/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.Arrays;

/**
 * Finds how far down a list must be taken, the largest first, until what was taken has a given mass; without sorting it.
 *
 * <p>The bits of a number, taken as an integer, are in the order of the numbers. Their first {@value #DIGIT} bits part the
 * list into bins, whose masses are added from the top until the bin is found in which the mass is reached; then the next
 * bits part this bin, until its members are equal. <b>Cost.</b> Two passes over most lists of logits and six at worst,
 * whatever the order.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class Threshold {

    private static final int DIGIT = 11;
    private static final int BINS = 1 << DIGIT;

    private final double[] mass = new double[BINS];
    private int[] members = new int[0];
    private int count;
    private double reached;
    private double least;
    private int ties;

    /** The smallest key that is taken. */
    double least() {
        return least;
    }

    /** How many of the keys that equal {@link #least} are taken; 1 or more. */
    int ties() {
        return ties;
    }

    /**
     * Finds it.
     *
     * @param keys by what to order; no NaN
     * @param masses what each adds, 0 or more; null if 1 each
     * @param size how many of them count, 1 or more
     * @param wanted the mass to reach; if all together do not reach it, all that have a mass are taken
     */
    void find(double[] keys, double[] masses, int size, double wanted) {
        if (members.length < size) {
            members = new int[size];
        }
        reached = 0;
        part(keys, masses, size, Long.SIZE - DIGIT, wanted, true);
        for (int shift = Long.SIZE - 2 * DIGIT; count > 1 && shift > -DIGIT; shift -= DIGIT) {
            part(keys, masses, count, Math.max(shift, 0), wanted, false);
        }
        least = keys[members[0]];
        ties = 0;
        do {
            reached += mass(masses, members[ties]);
            ties++;
        } while (ties < count && reached < wanted);
    }

    /** Leaves as members those of the bin in which the mass is reached, in their order. */
    private void part(double[] keys, double[] masses, int size, int shift, double wanted, boolean all) {
        Arrays.fill(mass, 0);
        for (int i = 0; i < size; i++) {
            int at = all ? i : members[i];
            mass[digit(keys[at], shift)] += mass(masses, at);
        }
        int bin = -1;
        double above = reached;
        double sum = reached;
        for (int i = BINS - 1; i >= 0 && (bin < 0 || sum < wanted); i--) {
            if (mass[i] > 0) {
                bin = i;
                above = sum;
                sum += mass[i];
            }
        }
        reached = above;
        count = 0;
        for (int i = 0; i < size; i++) {
            int at = all ? i : members[i];
            if (digit(keys[at], shift) == bin) {
                members[count++] = at;
            }
        }
    }

    private static double mass(double[] masses, int at) {
        return masses == null ? 1 : masses[at];
    }

    private static int digit(double key, int shift) {
        // Adding 0 makes -0.0 the same as 0.0. Negative numbers are turned around, positive ones put above them.
        long bits = Double.doubleToRawLongBits(key + 0.0);
        return (int) ((bits ^ (bits >> (Long.SIZE - 1) | Long.MIN_VALUE)) >>> shift) & BINS - 1;
    }
}
