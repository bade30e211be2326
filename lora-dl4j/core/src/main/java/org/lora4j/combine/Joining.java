/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.List;

/** How the pruned tensors of several adapters become one, element by element. */
enum Joining {
    /** The weighted sum. */
    SUM {
        @Override
        double[] join(List<double[]> tensors, double[] weights, MajoritySign sign) {
            double[] sum = new double[tensors.get(0).length];
            for (int t = 0; t < weights.length; t++) {
                double[] tensor = tensors.get(t);
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += weights[t] * tensor[i];
                }
            }
            return sum;
        }
    },
    /** The weighted mean of the values that have the sign of the majority. */
    ELECTED {
        @Override
        double[] join(List<double[]> tensors, double[] weights, MajoritySign sign) {
            double[] joined = new double[tensors.get(0).length];
            for (int i = 0; i < joined.length; i++) {
                joined[i] = meanOfElected(tensors, weights, sign, i);
            }
            return joined;
        }
    };

    abstract double[] join(List<double[]> tensors, double[] weights, MajoritySign sign);

    private static double meanOfElected(List<double[]> tensors, double[] weights, MajoritySign sign, int i) {
        double votes = 0;
        for (double[] tensor : tensors) {
            votes += sign.vote(tensor[i]);
        }
        double elected = votes >= 0 ? 1 : -1;
        double sum = 0;
        int count = 0;
        for (int t = 0; t < weights.length; t++) {
            double value = tensors.get(t)[i];
            if (Math.signum(value) == elected) {
                sum += weights[t] * value;
                count++;
            }
        }
        return sum / Math.max(1, count);
    }
}
