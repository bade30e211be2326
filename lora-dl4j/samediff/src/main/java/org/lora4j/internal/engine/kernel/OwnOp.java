/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Collections;
import java.util.List;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;

/** An op of our own, with FLOAT outputs, which only {@link KernelSession} and plans can run. */
abstract class OwnOp extends DynamicCustomOp {

    private final int outputs;

    /** The name of the op is asked for at once. */
    OwnOp(int outputs, SameDiff graph, SDVariable... inputs) {
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
        return descriptors(context.getInputArrays());
    }

    final List<LongShapeDescriptor> descriptors(List<INDArray> in) {
        return shapes(in).stream()
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
}
