/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Notes the shapes of all variables that are computed in a run. */
final class ShapeRecorder extends BaseListener {

    private final Map<String, long[]> shapes = new HashMap<>();

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

    Map<String, long[]> shapes() {
        return shapes;
    }
}
