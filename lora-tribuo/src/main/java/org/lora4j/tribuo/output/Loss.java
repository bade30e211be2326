/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

/**
 * What a head minimizes, and with it the activation of its outputs.
 *
 * @apiNote Status: stable
 */
public enum Loss {
    /** Softmax, then the cross entropy with a distribution over all outputs: one of several. */
    SOFTMAX_CROSS_ENTROPY {
        @Override
        double ofOutput(double output, double target) {
            return target == 0 ? 0 : -target * Math.log(Math.max(output, SMALLEST));
        }
    },
    /** A sigmoid for each output, then the sum of their cross entropies: any of several. */
    SIGMOID_CROSS_ENTROPY {
        @Override
        double ofOutput(double output, double target) {
            return -target * Math.log(Math.max(output, SMALLEST))
                    - (1 - target) * Math.log(Math.max(1 - output, SMALLEST));
        }
    },
    /** No activation, then the mean over the outputs of the squared difference. */
    SQUARED_ERROR {
        @Override
        double ofOutput(double output, double target) {
            return (output - target) * (output - target);
        }

        @Override
        double divisor(int outputs) {
            return outputs;
        }
    };

    // A probability that was rounded to 0 costs much, not infinitely much.
    private static final double SMALLEST = 1e-30;

    abstract double ofOutput(double output, double target);

    double divisor(int outputs) {
        return 1;
    }

    /**
     * The loss of one example.
     *
     * @param outputs what the network gives after the activation
     * @param targets as many values
     * @return the loss, before any weight
     */
    public double of(double[] outputs, double[] targets) {
        double sum = 0;
        for (int i = 0; i < targets.length; i++) {
            sum += ofOutput(outputs[i], targets[i]);
        }
        return sum / divisor(targets.length);
    }
}
