/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** The shapes of all variables of a graph for given inputs, from one run forwards. SameDiff itself does not know them. */
final class ShapeTrace {

    private ShapeTrace() {}

    static Map<String, long[]> of(
            Engine engine, SameDiff graph, Map<String, INDArray> placeholders, Collection<String> outputs) {
        Map<String, long[]> shapes = new HashMap<>();
        placeholders.forEach((name, array) -> shapes.put(name, array.shape()));
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.CONSTANT || v.getVariableType() == VariableType.VARIABLE) {
                shapes.put(v.name(), v.getArr().shape());
            }
        }
        Session session = new Session(engine, graph);
        session.run(placeholders, outputs, List.of(new Recorder(shapes)));
        // Memory that waits for the garbage collector is memory that training does not get.
        session.release();
        return shapes;
    }

    private static final class Recorder extends BaseListener {
        private final Map<String, long[]> shapes;

        Recorder(Map<String, long[]> shapes) {
            this.shapes = shapes;
        }

        @Override
        public boolean isActive(Operation operation) {
            return true;
        }

        @Override
        public void opExecution(
                SameDiff sd, At at, MultiDataSet batch, SameDiffOp op, OpContext context, INDArray[] outputs) {
            List<String> names = op.getOutputsOfOp();
            for (int i = 0; i < outputs.length; i++) {
                if (outputs[i] != null) {
                    shapes.put(names.get(i), outputs[i].shape());
                }
            }
        }
    }
}
