/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.plan;

import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/** An op that ND4J computes. */
final class NativeStep implements Step {

    private final DifferentialFunction op;
    private final OpContext context;

    NativeStep(DifferentialFunction op) {
        this.op = op;
        this.context = NativeOp.newContext(op);
    }

    @Override
    public void input(int at, INDArray array) {
        context.setInputArray(at, array);
    }

    @Override
    public void output(int at, INDArray array) {
        context.setOutputArray(at, array);
    }

    @Override
    public void run() {
        if (op instanceof CustomOp custom) {
            Nd4j.exec(custom, context);
        } else {
            Nd4j.exec((Op) op, context);
        }
    }
}
