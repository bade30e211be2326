/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What losses count during one run: task k counts {@code factor(k) L + offset(k)}. */
interface Weigher {

    /** Factor on the loss of a task now. */
    double factor(int task);

    /** What is added to it. */
    default double offset(int task) {
        return 0;
    }

    /** The parameter that the weight of a task is learned by. */
    default Optional<TrainableParameter> parameter(int task) {
        return Optional.empty();
    }

    /** The gradient of what a task counts by its parameter. */
    default INDArray gradient(int task, double loss) {
        throw new IllegalStateException(
                "weights of losses: task " + task + " has no parameter; expected none asked for");
    }

    /** Takes the mean losses of an epoch, NaN for a task that was not trained in it. */
    default void endEpoch(double[] meanLosses) {}

    /** Numbers that stay. */
    record Fixed(double[] weights) implements Weigher {

        @Override
        public double factor(int task) {
            return weights[task];
        }
    }

    /** Learned variances. */
    final class Learned implements Weigher {

        private final List<TrainableParameter> parameters = new ArrayList<>();

        Learned(List<String> tasks, DataType type) {
            tasks.forEach(task -> parameters.add(
                    new TrainableParameter(task + "/log_variance", task, Kind.BIAS_OR_NORM, Nd4j.zeros(type, 1))));
        }

        private double logVariance(int task) {
            return parameters.get(task).value().getDouble(0);
        }

        @Override
        public double factor(int task) {
            return Math.exp(-logVariance(task));
        }

        @Override
        public double offset(int task) {
            return logVariance(task) / 2;
        }

        @Override
        public Optional<TrainableParameter> parameter(int task) {
            return Optional.of(parameters.get(task));
        }

        @Override
        public INDArray gradient(int task, double loss) {
            DataType type = parameters.get(task).value().dataType();
            return Nd4j.valueArrayOf(new long[] {1}, 0.5 - factor(task) * loss, type);
        }
    }

    /** Dynamic weight averaging. */
    final class Falling implements Weigher {

        private final double temperature;
        private final double[] weights;
        private double[] last;

        Falling(int tasks, double temperature) {
            this.temperature = temperature;
            this.weights = new double[tasks];
            Arrays.fill(weights, 1);
        }

        @Override
        public double factor(int task) {
            return weights[task];
        }

        @Override
        public void endEpoch(double[] meanLosses) {
            if (last != null) {
                reweigh(meanLosses);
            }
            double[] known = meanLosses.clone();
            for (int task = 0; task < known.length; task++) {
                known[task] = Double.isNaN(known[task]) && last != null ? last[task] : known[task];
            }
            last = known;
        }

        private void reweigh(double[] now) {
            double[] ratios = new double[weights.length];
            for (int task = 0; task < ratios.length; task++) {
                double ratio = now[task] / last[task];
                // A task without losses to compare counts as one that does not fall, and so does one that reached 0.
                ratios[task] = Double.isFinite(ratio) ? ratio : 1;
            }
            double largest = Arrays.stream(ratios).max().orElseThrow();
            double[] powers = Arrays.stream(ratios)
                    .map(ratio -> Math.exp((ratio - largest) / temperature))
                    .toArray();
            double sum = Arrays.stream(powers).sum();
            for (int task = 0; task < weights.length; task++) {
                weights[task] = weights.length * powers[task] / sum;
            }
        }
    }
}
