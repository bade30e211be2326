/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.List;

/** The sum of outer products of what lies between inputs and their prototypes, from which a covariance follows. */
final class Scatter {

    static final Scatter NONE = new Scatter(new double[0][], 0, 0);

    private final double[][] sum;
    private long examples;
    private long prototypes;

    /** {@code sum} is a square matrix, or has no rows if no covariance is wanted; taken over. */
    Scatter(double[][] sum, long examples, long prototypes) {
        this.sum = sum;
        this.examples = examples;
        this.prototypes = prototypes;
    }

    /** A copy to add to. */
    Scatter copy(int dimension, boolean wanted) {
        double[][] copy = new double[wanted ? dimension : 0][dimension];
        for (int i = 0; i < sum.length; i++) {
            copy[i] = sum[i].clone();
        }
        return new Scatter(copy, examples, prototypes);
    }

    /** Adds the inputs of one prototype, and gives it: their mean. */
    double[] add(List<double[]> inputs) {
        double[] mean = new double[inputs.get(0).length];
        for (double[] input : inputs) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += input[i] / inputs.size();
            }
        }
        if (sum.length > 0) {
            inputs.forEach(input -> addSquare(input, mean));
        }
        examples += inputs.size();
        prototypes++;
        return mean;
    }

    private void addSquare(double[] input, double[] mean) {
        double[] difference = new double[mean.length];
        for (int i = 0; i < mean.length; i++) {
            difference[i] = input[i] - mean[i];
        }
        for (int i = 0; i < mean.length; i++) {
            double[] row = sum[i];
            for (int j = 0; j < mean.length; j++) {
                row[j] += difference[i] * difference[j];
            }
        }
    }

    double trace() {
        double trace = 0;
        for (int i = 0; i < sum.length; i++) {
            trace += sum[i][i];
        }
        return trace;
    }

    Whitening whitening(double shrinkage) {
        // Each prototype takes one degree of freedom.
        double degrees = Math.max(1, examples - prototypes);
        double spread = trace() / degrees / sum.length;
        double[][] covariance = new double[sum.length][sum.length];
        for (int i = 0; i < sum.length; i++) {
            for (int j = 0; j < sum.length; j++) {
                covariance[i][j] = (1 - shrinkage) * sum[i][j] / degrees;
            }
            covariance[i][i] += shrinkage * spread;
        }
        return Whitening.of(covariance);
    }

    double[][] sum() {
        return sum;
    }

    long examples() {
        return examples;
    }

    long prototypes() {
        return prototypes;
    }
}
