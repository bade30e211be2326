/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Collections;
import java.util.List;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.graph.CopiedOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;

/**
 * An op of our own, with FLOAT outputs, that stands for several ops of a graph; only {@link KernelSession} and plans can run
 * it. It goes into a graph when it is known what is asked of it, so that whoever looks at graphs before sees stock ops.
 */
abstract class FusedOp extends DynamicCustomOp implements CopiedOp {

    private final int outputs;

    /** For a copy, {@code graph} is null, and there are no inputs. The name of the op is asked for at once. */
    FusedOp(int outputs, SameDiff graph, SDVariable... inputs) {
        super(graph, inputs);
        this.outputs = outputs;
    }

    @Override
    public abstract String opName();

    @Override
    public final int getNumOutputs() {
        return outputs;
    }

    @Override
    public final List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return Collections.nCopies(outputs, DataType.FLOAT);
    }

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
        return shapes(context.getInputArrays()).stream()
                .map(shape -> LongShapeDescriptor.fromShape(shape, DataType.FLOAT))
                .toList();
    }

    /** The shapes of the outputs. */
    abstract List<long[]> shapes(List<INDArray> in);

    /** Of its matrix products, each with an addition; for inputs and outputs of these shapes. */
    long multiplications(List<long[]> in, List<long[]> out) {
        return 0;
    }

    /** What computes it. */
    abstract Kernel kernel(Multiplier multiplier);

    /** Adds the backward ops, as a gradient rule does; what is a backward op itself has none. */
    void differentiate(RuleContext c) {
        throw new UnsupportedOperationException(opName());
    }
}
