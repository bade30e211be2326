/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A DOUBLE graph under test; its leaves are declared through it and hold values that depend on their name alone. */
final class TestGraph {

    final SameDiff sd = SameDiff.create();
    final List<String> variables = new ArrayList<>();
    final Map<String, INDArray> placeholders = new LinkedHashMap<>();

    /** A leaf to differentiate with respect to, of values in [-1, 1). */
    SDVariable var(String name, long... shape) {
        return variable(name, values(name.hashCode(), shape));
    }

    /** A leaf to differentiate with respect to, of values in [1, 3). */
    SDVariable positive(String name, long... shape) {
        return variable(name, values(name.hashCode(), shape).addi(2));
    }

    SDVariable variable(String name, INDArray value) {
        variables.add(name);
        return sd.var(name, value);
    }

    SDVariable frozen(String name, long... shape) {
        return sd.constant(name, values(name.hashCode(), shape));
    }

    /** A frozen table, given row by row. */
    SDVariable rows(double[]... rows) {
        return sd.constant(Nd4j.createFromArray(rows));
    }

    /** A placeholder whose first dimension is open. */
    SDVariable input(String name, long... shape) {
        placeholders.put(name, values(name.hashCode(), shape));
        long[] dynamic = shape.clone();
        dynamic[0] = -1;
        return sd.placeHolder(name, DataType.DOUBLE, dynamic);
    }

    SDVariable ids(String name, int[]... ids) {
        placeholders.put(name, Nd4j.createFromArray(ids));
        return sd.placeHolder(name, DataType.INT32, -1, -1);
    }

    /** Ends the graph in a scalar that weighs every value of y differently: a permuted gradient cannot pass. */
    TestGraph lossOf(SDVariable y) {
        INDArray value = sd.output(placeholders, y.name()).get(y.name());
        INDArray weights = value.isScalar() ? Nd4j.scalar(1.5) : values(7, value.shape());
        sd.math.tanh(y.mul(0.3)).mul(sd.constant("weights", weights)).sum().rename("loss");
        sd.setLossVariables("loss");
        return this;
    }

    LossAndGradients gradients() {
        return SameDiffExecutor.forTraining(sd, variables).gradients(placeholders, 0);
    }

    /** Names of the ops that the reverse pass differentiates: between a variable and the loss. */
    Set<String> differentiatedOps() {
        Set<String> active = new HashSet<>(GraphOrder.descendants(sd, variables));
        active.retainAll(GraphOrder.ancestors(sd, sd.getLossVariables()));
        Set<String> ops = new HashSet<>();
        sd.getOps().values().stream()
                .filter(op -> op.getOutputsOfOp().stream().anyMatch(active::contains))
                .forEach(op -> ops.add(op.getOp().opName()));
        return ops;
    }
}
