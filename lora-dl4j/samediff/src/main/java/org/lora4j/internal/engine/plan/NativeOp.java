/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/** How ND4J is asked about an op, as {@code InferenceSession.getAndParameterizeOp} does it. */
final class NativeOp {

    private NativeOp() {}

    /** A context with the op's attributes and no arrays. */
    static OpContext newContext(DifferentialFunction op) {
        OpContext context = Nd4j.getExecutioner().buildContext();
        if (op instanceof DynamicCustomOp custom) {
            context.setArgs(null, custom.iArgs(), custom.dArgs(), custom.tArgs(), custom.bArgs());
        }
        return context;
    }
}
