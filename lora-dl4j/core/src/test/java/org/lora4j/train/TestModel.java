/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A model made of parameters and a function for loss and gradients. */
record TestModel(List<TrainableParameter> parameters, Pass pass) implements Trainable, GraphExecutor {

    interface Pass {
        LossAndGradients of(Map<String, INDArray> placeholders, long seed);
    }

    /** Linear regression {@code y = x w + b} with mean squared error, in DOUBLE, w and b starting at 0. */
    static TestModel regression() {
        INDArray w = Nd4j.zeros(DataType.DOUBLE, 2, 1);
        INDArray b = Nd4j.zeros(DataType.DOUBLE, 1);
        return new TestModel(
                List.of(parameter("w", Kind.WEIGHT, w), parameter("b", Kind.BIAS_OR_NORM, b)), (in, seed) -> {
                    INDArray x = in.get("x");
                    INDArray error = x.mmul(w).addi(b.getDouble(0)).subi(in.get("y"));
                    long n = x.size(0);
                    double loss = error.mul(error).sumNumber().doubleValue() / n;
                    INDArray dw = x.transpose().mmul(error).muli(2.0 / n);
                    INDArray db =
                            Nd4j.create(new double[] {2 * error.meanNumber().doubleValue()});
                    return new LossAndGradients(loss, gradients("w", dw, "b", db));
                });
    }

    /** One parameter p of type DOUBLE with loss {@code sum(p)}, so that its gradient is 1 whatever happens. */
    static TestModel slope(Kind kind, double... start) {
        INDArray p = Nd4j.create(start.clone());
        return new TestModel(
                List.of(parameter("p", kind, p)),
                (in, seed) -> new LossAndGradients(
                        p.sumNumber().doubleValue(), gradients("p", Nd4j.ones(DataType.DOUBLE, p.length()))));
    }

    static TrainableParameter parameter(String name, Kind kind, INDArray value) {
        return new TrainableParameter(name, "module." + name, kind, value);
    }

    static Map<String, INDArray> gradients(Object... namesAndArrays) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (int i = 0; i < namesAndArrays.length; i += 2) {
            gradients.put((String) namesAndArrays[i], (INDArray) namesAndArrays[i + 1]);
        }
        return gradients;
    }

    /** Rows of x = (first, second) with y = 3 first - 2 second + 1. */
    static Batch rows(double[]... rows) {
        INDArray x = Nd4j.create(rows);
        INDArray y = Nd4j.create(DataType.DOUBLE, rows.length, 1);
        for (int i = 0; i < rows.length; i++) {
            y.putScalar(i, 0, 3 * rows[i][0] - 2 * rows[i][1] + 1);
        }
        return Batch.of(Map.of("x", x, "y", y), rows.length);
    }

    double[] values(int parameter) {
        return parameters.get(parameter).value().dup('c').data().asDouble();
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return parameters;
    }

    @Override
    public GraphExecutor executor() {
        return this;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        throw new UnsupportedOperationException("not needed");
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        return pass.of(placeholders, seed);
    }

    @Override
    public TestModel fork() {
        return this;
    }
}
