/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseReduceOp;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/** An op that ND4J computes. */
final class NativeStep implements Step {

    private final DifferentialFunction op;
    private final OpContext context;
    private final INDArray[] inputs;
    private final INDArray[] outputs;
    private boolean given;

    NativeStep(DifferentialFunction op, int inputs, int outputs) {
        this.op = op;
        this.context = NativeOp.newContext(op);
        this.inputs = new INDArray[inputs];
        this.outputs = new INDArray[outputs];
    }

    @Override
    public void input(int at, INDArray array) {
        inputs[at] = array;
        given = false;
    }

    @Override
    public void output(int at, INDArray array) {
        outputs[at] = array;
        given = false;
    }

    @Override
    public void run() {
        if (!given) {
            giveArrays();
        }
        if (op instanceof CustomOp custom) {
            Nd4j.exec(custom, context);
        } else if (op instanceof BaseReduceOp reduction && inputs[0].isVector()) {
            reduceVector(reduction);
        } else {
            Nd4j.exec((Op) op, context);
        }
    }

    /**
     * A column or a row that is reduced over its axis of one element, as the mask of texts of a token each: ND4J then takes the
     * array of the op instead of the context's, and answers with an array of its own.
     */
    private void reduceVector(BaseReduceOp reduction) {
        reduction.setX(inputs[0]);
        reduction.setZ(outputs[0]);
        try {
            INDArray result = Nd4j.exec(reduction, context);
            if (result != outputs[0]) {
                outputs[0].assign(result);
            }
        } finally {
            reduction.setX(null);
            reduction.setZ(null);
        }
    }

    // The native side of a context keeps every array that it was ever given, and the memory of it, until it is purged
    // (Context::setInputArray in libnd4j adds to a list): a plan that lives for many steps would keep each batch.
    private void giveArrays() {
        context.purge();
        for (int i = 0; i < inputs.length; i++) {
            context.setInputArray(i, inputs[i]);
        }
        for (int i = 0; i < outputs.length; i++) {
            context.setOutputArray(i, outputs[i]);
        }
        given = true;
    }
}
