/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.Arrays;

/** Mean losses of the batches of each task. */
final class LossMeans {

    private final double[] sums;
    private final long[] batches;

    LossMeans(int tasks) {
        sums = new double[tasks];
        batches = new long[tasks];
    }

    void add(int task, double loss) {
        sums[task] += loss;
        batches[task]++;
    }

    long batches(int task) {
        return batches[task];
    }

    /** The means, NaN where there was no batch. */
    double[] means() {
        double[] means = new double[sums.length];
        for (int task = 0; task < means.length; task++) {
            means[task] = sums[task] / batches[task];
        }
        return means;
    }

    void clear() {
        Arrays.fill(sums, 0);
        Arrays.fill(batches, 0);
    }
}
