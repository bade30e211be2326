/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import java.util.function.Supplier;

/** Which elements of one adapter's tensor take part. */
enum Pruning {
    /** All. */
    NONE {
        @Override
        double[] prune(double[] tensor, double density, Supplier<boolean[]> mask) {
            return tensor;
        }
    },
    /** The largest in size; of equal ones those that come first. */
    MAGNITUDE {
        @Override
        double[] prune(double[] tensor, double density, Supplier<boolean[]> mask) {
            // Cut off, not rounded, as in PEFT.
            int kept = (int) (density * tensor.length);
            return kept == tensor.length ? tensor : largest(tensor, kept);
        }
    },
    /** A random choice, enlarged so that the expected value stays. */
    RANDOM {
        @Override
        double[] prune(double[] tensor, double density, Supplier<boolean[]> mask) {
            // PEFT draws nothing when everything stays.
            if (density == 1) {
                return tensor;
            }
            boolean[] keep = mask.get();
            double[] pruned = new double[tensor.length];
            for (int i = 0; i < pruned.length; i++) {
                pruned[i] = keep[i] ? tensor[i] / density : 0;
            }
            return pruned;
        }
    };

    /** A new array, or the tensor itself if all of it takes part. */
    abstract double[] prune(double[] tensor, double density, Supplier<boolean[]> mask);

    private static double[] largest(double[] tensor, int kept) {
        double[] pruned = new double[tensor.length];
        if (kept == 0) {
            return pruned;
        }
        double[] sizes = new double[tensor.length];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = Math.abs(tensor[i]);
        }
        Arrays.sort(sizes);
        double least = sizes[sizes.length - kept];
        int above = sizes.length - kept;
        while (above < sizes.length && sizes[above] == least) {
            above++;
        }
        int equal = above - (sizes.length - kept);
        for (int i = 0; i < pruned.length; i++) {
            double size = Math.abs(tensor[i]);
            boolean isLargest = size > least || (size == least && equal-- > 0);
            pruned[i] = isLargest ? tensor[i] : 0;
        }
        return pruned;
    }
}
