/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Map;
import java.util.Set;
import org.lora4j.exec.kernel.Kernel;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.config.ExecutionResult;
import org.nd4j.autodiff.samediff.config.SDValue;
import org.nd4j.autodiff.samediff.internal.FrameIter;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;

/** The stock session, with kernels for some ops, and a look at the indices of those that follow any. Order, memory and everything else stay those of the stock session. */
final class KernelSession extends InferenceSession {

    private final Map<String, Kernel> kernels;
    private final Map<String, IndexCheck> checks;

    KernelSession(SameDiff graph, Map<String, Kernel> kernels) {
        super(graph);
        this.kernels = kernels;
        this.checks = IndexCheck.of(graph);
    }

    @Override
    protected Map<String, INDArray> preprocessPlaceholders(Map<String, INDArray> placeholders, At at) {
        // The stock session remembers the ids of all arrays that it ever released; within a run is enough.
        freedArrays.clear();
        return super.preprocessPlaceholders(placeholders, at);
    }

    @Override
    public ExecutionResult doExec(
            DifferentialFunction op,
            OpContext context,
            FrameIter frame,
            Set<VarId> inputs,
            Set<VarId> allIterationInputs,
            Set<String> constantAndPlaceholderInputs,
            Map<String, SDValue> otherPlaceholders) {
        IndexCheck check = checks.get(op.getOwnName());
        if (check != null) {
            check.check(context.getInputArrays());
        }
        Kernel kernel = kernels.get(op.getOwnName());
        if (kernel == null || !kernel.computes(op, context.getInputArrays())) {
            return super.doExec(
                    op, context, frame, inputs, allIterationInputs, constantAndPlaceholderInputs, otherPlaceholders);
        }
        kernel.run(context.getInputArrays(), context.getOutputArrays());
        return ExecutionResult.createFrom(op, context);
    }
}
