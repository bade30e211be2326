/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Map;
import java.util.Random;
import org.lora4j.exec.LossAndGradients;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares the gradients of an executor with central differences, in double precision. */
public final class GradientCheck {

    /** Relative to the largest gradient of the same array: central differences of step 1e-5 are good to about 1e-10. */
    public static final double TOLERANCE = 1e-6;

    private static final double STEP = 1e-5;

    private GradientCheck() {}

    /** Checks every value of every given variable of a double graph; returns the largest relative error. */
    public static double check(SameDiff graph, Map<String, INDArray> placeholders, Collection<String> variables) {
        SameDiffExecutor executor = SameDiffExecutor.forTraining(graph, variables);
        LossAndGradients result = executor.gradients(placeholders, 0);
        assertThat(result.gradients().keySet()).containsExactlyElementsOf(variables);
        double worst = 0;
        for (String name : variables) {
            INDArray value = graph.getVariable(name).getArr();
            INDArray gradient = result.gradients().get(name);
            assertThat(gradient.shape()).as("shape of the gradient of %s", name).isEqualTo(value.shape());
            assertThat(value.dataType()).as("data type of %s", name).isEqualTo(DataType.DOUBLE);
            INDArray numeric = numeric(executor, graph, placeholders, value);
            double scale = Math.max(1e-3, numeric.amaxNumber().doubleValue());
            double error = gradient.sub(numeric).amaxNumber().doubleValue() / scale;
            assertThat(error)
                    .as("relative error of the gradient of %s: %s against %s", name, gradient, numeric)
                    .isLessThan(TOLERANCE);
            worst = Math.max(worst, error);
        }
        return worst;
    }

    private static INDArray numeric(
            SameDiffExecutor executor, SameDiff graph, Map<String, INDArray> placeholders, INDArray value) {
        INDArray numeric = Nd4j.create(DataType.DOUBLE, value.shape());
        for (long i = 0; i < value.length(); i++) {
            double x = value.getDouble(i);
            value.putScalar(i, x + STEP);
            double up = loss(executor, graph, placeholders);
            value.putScalar(i, x - STEP);
            double down = loss(executor, graph, placeholders);
            value.putScalar(i, x);
            numeric.putScalar(i, (up - down) / (2 * STEP));
        }
        return numeric;
    }

    private static double loss(SameDiffExecutor executor, SameDiff graph, Map<String, INDArray> placeholders) {
        double loss = 0;
        for (INDArray part :
                executor.output(placeholders, graph.getLossVariables()).values()) {
            loss += part.sumNumber().doubleValue();
        }
        return loss;
    }

    /** Values between -1 and 1 that depend on the seed and the shape alone. */
    public static INDArray values(long seed, long... shape) {
        Random random = new Random(seed);
        long length = 1;
        for (long d : shape) {
            length *= d;
        }
        double[] values = new double[(int) length];
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * random.nextDouble() - 1;
        }
        return Nd4j.create(values, shape, 'c');
    }
}
