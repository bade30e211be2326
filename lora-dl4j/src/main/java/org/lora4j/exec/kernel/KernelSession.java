/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.array.DenseArray;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.config.ExecutionResult;
import org.nd4j.autodiff.samediff.config.SDValue;
import org.nd4j.autodiff.samediff.internal.FrameIter;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;

/** The stock session, with kernels for some ops. Order, memory and everything else stay those of the stock session. */
final class KernelSession extends InferenceSession {

    private final Map<String, Kernel> kernels;

    KernelSession(SameDiff graph, Map<String, Kernel> kernels) {
        super(graph);
        this.kernels = kernels;
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
        if (op instanceof ProductSum sum) {
            sum.run(context.getInputArrays(), context.getOutputArray(0));
            return ExecutionResult.createFrom(op, context);
        }
        Kernel kernel = kernels.get(op.getOwnName());
        if (kernel == null || !applies(op, context.getInputArrays().get(0))) {
            return super.doExec(
                    op, context, frame, inputs, allIterationInputs, constantAndPlaceholderInputs, otherPlaceholders);
        }
        run(kernel, context.getInputArrays(), context.getOutputArrays());
        return ExecutionResult.createFrom(op, context);
    }

    // A carrier is made only where its kernel applies; a native op of the same name can mean something else.
    private static boolean applies(DifferentialFunction op, INDArray first) {
        return !op.opName().startsWith("layer_norm")
                || Kernels.isOverLastDimension((DynamicCustomOp) op, first.rank(), first.dataType());
    }

    private static void run(Kernel kernel, List<INDArray> inputs, List<INDArray> outputs) {
        DenseArray[] in = inputs.stream().map(DenseArray::rowMajor).toArray(DenseArray[]::new);
        DenseArray[] out = outputs.stream().map(DenseArray::toBeWritten).toArray(DenseArray[]::new);
        kernel.run(in, out);
        for (DenseArray array : in) {
            array.close();
        }
        for (DenseArray array : out) {
            array.flush();
            array.close();
        }
    }
}
