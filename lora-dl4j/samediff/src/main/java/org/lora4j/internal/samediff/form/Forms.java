/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.model.NotAdaptable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** What several forms share. */
final class Forms {

    private Forms() {}

    static RefusedWeight refuse(Operand weight, SameDiffOp op, String reason) {
        return new RefusedWeight(new NotAdaptable(weight.subject(), op.getName(), reason));
    }

    /** The refusal of an op whose operands are all parameters: nothing tells which one is the weight. */
    static List<Finding> refuseWithoutActivation(Operand weight, SameDiffOp op) {
        return List.of(refuse(
                weight,
                op,
                "op \"" + op.getName()
                        + "\" combines parameters only; expected one input that depends on a placeholder."
                        + " Store the result as a leaf first"));
    }

    static long argument(SameDiffOp op, int index, long absent) {
        long[] arguments = ((DynamicCustomOp) op.getOp()).iArgs();
        return index < arguments.length ? arguments[index] : absent;
    }

    /** Applies {@code b [rank, outputs]} to the last axis of an activation of any number of axes. */
    static SDVariable widenLastAxis(OpContext context, SDVariable thin, SDVariable b, SDVariable like) {
        SameDiff graph = context.graph();
        long rank = b.getArr().size(0);
        SDVariable rows = graph.mmul(graph.reshape(thin, -1, rank), b);
        return graph.reshape(rows, graph.shape(like));
    }
}
