/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.plan;

import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseOp;
import org.nd4j.linalg.api.ops.BaseReduceOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.ReduceOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How ND4J takes the inputs of an op, as {@code InferenceSession.getAndParameterizeOp} does: as arrays of a context, or, of
 * two kinds of its older ops, as settings of the op itself.
 */
final class NativeOp {

    private final DifferentialFunction op;
    private final Runnable settings;
    private final boolean secondIsSetting;

    private NativeOp(DifferentialFunction op, Runnable settings) {
        this.op = op;
        this.secondIsSetting = settings != null;
        this.settings = secondIsSetting ? settings : () -> {};
    }

    /** Whether the value of the second input becomes a setting and must be known. */
    static boolean hasSetting(DifferentialFunction op, int inputs) {
        return inputs == 2 && (isReduction(op) || op instanceof ScalarOp);
    }

    private static boolean isReduction(DifferentialFunction op) {
        return op instanceof ReduceOp reduce && reduce.getOpType() != Op.Type.REDUCE3;
    }

    /** The op with these inputs, of which a setting has its value and others their shapes at least. */
    static NativeOp of(DifferentialFunction op, List<INDArray> inputs) {
        if (!hasSetting(op, inputs.size())) {
            return new NativeOp(op, null);
        }
        INDArray setting = inputs.get(1);
        if (!isReduction(op)) {
            return new NativeOp(op, () -> ((ScalarOp) op).setScalar(setting));
        }
        int[] axes = Shape.normalizeAxis(inputs.get(0).rank(), setting.toIntVector());
        return new NativeOp(op, () -> {
            op.setDimensions(axes);
            ((BaseReduceOp) op).setEmptyReduce(false);
        });
    }

    boolean reads(int input) {
        return input == 0 || !secondIsSetting;
    }

    void apply() {
        settings.run();
    }

    /** A context with the op's attributes and no arrays. */
    OpContext newContext() {
        OpContext context = Nd4j.getExecutioner().buildContext();
        if (op instanceof DynamicCustomOp custom) {
            context.setArgs(null, custom.iArgs(), custom.dArgs(), custom.tArgs(), custom.bArgs());
        }
        return context;
    }

    List<LongShapeDescriptor> shapes(List<INDArray> inputs) {
        OpContext context = newContext();
        for (int i = 0; i < inputs.size(); i++) {
            if (reads(i)) {
                context.setInputArray(i, inputs.get(i));
            }
        }
        apply();
        List<LongShapeDescriptor> shapes = op instanceof DynamicCustomOp custom
                ? custom.calculateOutputShape(context)
                : ((BaseOp) op).calculateOutputShape(context);
        context.purge();
        return shapes;
    }
}
