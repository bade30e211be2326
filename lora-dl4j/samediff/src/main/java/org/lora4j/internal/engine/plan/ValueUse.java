/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import org.lora4j.internal.graph.OpTraits;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.ReduceOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.custom.Invoke;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.BaseCompatOp;
import org.nd4j.linalg.api.ops.impl.layers.ExternalErrorsFunction;
import org.nd4j.linalg.api.ops.impl.shape.CreateView;
import org.nd4j.linalg.api.ops.impl.shape.tensorops.BaseTensorOp;
import org.nd4j.linalg.api.ops.impl.transforms.Assert;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Assign;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.GradientBackwardsMarker;
import org.nd4j.linalg.api.ops.random.BaseRandomOp;

/**
 * What the results of ops depend on. Everywhere but in this table, integers and booleans are taken for numbers that shape the
 * result, so that a wrong guess costs a plan and not a wrong result.
 */
final class ValueUse {

    /** The attribute of a reshape that reads and writes columns first, as a negative letter. */
    private static final long COLUMNS_FIRST = -'f';

    private ValueUse() {}

    /** Whether an op only computes its outputs from its inputs: no control flow, nothing random, nothing written in place. */
    static boolean isComputation(DifferentialFunction op) {
        if (op instanceof BaseCompatOp
                || op instanceof BaseTensorOp
                || op instanceof Invoke
                || op instanceof CreateView
                || op instanceof Assign
                || op instanceof Assert
                || op instanceof ExternalErrorsFunction
                || op instanceof GradientBackwardsMarker
                || op instanceof BaseRandomOp) {
            return false;
        }
        String name = op.opName();
        return (op instanceof CustomOp || op instanceof Op && !hasSetting(op))
                && !name.startsWith("random")
                && !name.equals("dropout");
    }

    // Of these older ops the stock session makes a setting of the second input's value.
    private static boolean hasSetting(DifferentialFunction op) {
        boolean reduction = op instanceof ReduceOp reduce && reduce.getOpType() != Op.Type.REDUCE3;
        return (reduction || op instanceof ScalarOp) && op.argNames().length > 1;
    }

    /** Whether an op reads the shapes of its inputs alone. */
    static boolean isOfShapes(DifferentialFunction op) {
        return OpTraits.has(op.opName(), Trait.OF_SHAPES);
    }

    /** Whether the shape of the result may depend on the value of an input. */
    static boolean shapesResult(DifferentialFunction op, int input, DataType type) {
        if (OpTraits.has(op.opName(), Trait.SHAPED_BY_VALUES)) {
            return true;
        }
        boolean data = type.isFPType() || !(op instanceof CustomOp);
        return !data && !OpTraits.isData(op, input);
    }

    /** Whether the output of an op is its first input in another shape. */
    static boolean isView(DifferentialFunction op) {
        if (!OpTraits.has(op.opName(), Trait.KEEPS_PLACES)) {
            return false;
        }
        for (long attribute : ((CustomOp) op).iArgs()) {
            if (attribute == COLUMNS_FIRST) {
                return false;
            }
        }
        return true;
    }
}
