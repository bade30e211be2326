/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.BaseScalarOp;

/** What ops with a number among their attributes do. */
final class Ops {

    private Ops() {}

    /** What a scalar multiplication or division multiplies by; NaN for any other op. */
    static double factor(SameDiffOp op) {
        if (isScalar(op, "mul_scalar")) {
            return scalar(op);
        }
        return isScalar(op, "div_scalar") ? 1 / scalar(op) : Double.NaN;
    }

    /** Whether an op has this name, one input and a number. */
    static boolean isScalar(SameDiffOp op, String name) {
        return op.getOp().opName().equals(name)
                && GraphOrder.inputs(op).size() == 1
                && op.getOp() instanceof BaseScalarOp scalar
                && scalar.scalar() != null;
    }

    /** The number of an op that {@link #isScalar}. */
    static double scalar(SameDiffOp op) {
        return ((BaseScalarOp) op.getOp()).scalar().getDouble(0);
    }
}
