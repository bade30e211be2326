/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.Set;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * A contraction of one axis of the activation with one axis of a matrix ({@code sd.tensorMmul}): the linear layer of
 * graphs that keep their sequences in three axes.
 */
final class TensordotForm implements SiteForm {

    @Override
    public String name() {
        return "tensordot";
    }

    @Override
    public Set<String> ops() {
        return Set.of("tensordot");
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        Operand weight = reader.operand(op, 1);
        Operand left = reader.operand(op, 0);
        if (left.parameter()) {
            return weight.parameter()
                    ? Forms.refuseWithoutActivation(weight, op)
                    : List.of(Forms.refuse(
                            left,
                            op,
                            "it is the first operand of tensordot \"" + op.getName()
                                    + "\"; expected the weight as second operand. Exchange the operands"));
        }
        if (!weight.parameter()) {
            return List.of();
        }
        String problem = problem(op, weight);
        return List.of(problem == null ? site(reader, op, weight) : Forms.refuse(weight, op, problem));
    }

    // The integer arguments are: number of axes of x, these axes, number of axes of W, these axes.
    private static String problem(SameDiffOp op, Operand weight) {
        if (weight.problem(2) != null) {
            return weight.problem(2);
        }
        if (Forms.argument(op, 0, 0) != 1 || Forms.argument(op, 2, 0) != 1) {
            return "tensordot \"" + op.getName() + "\" contracts several axes; expected one of each operand."
                    + " Reshape the operands so that one remains";
        }
        for (boolean transposes : ((DynamicCustomOp) op.getOp()).bArgs()) {
            if (transposes) {
                return "tensordot \"" + op.getName()
                        + "\" transposes an operand; expected none. Choose the axes instead";
            }
        }
        return null;
    }

    private Site site(GraphReader reader, SameDiffOp op, Operand weight) {
        int axis = Math.floorMod((int) Forms.argument(op, 3, 0), 2);
        long out = weight.size(1 - axis);
        ModuleShape shape = ModuleShape.linear(weight.size(axis), out);
        Layout layout = axis == 0 ? Layout.TRANSPOSED : Layout.SAME;
        String bias = reader.biasBehind(op.getOutputsOfOp().get(0), out);
        return new Site(this, op.getName(), 0, 1, weight.leaf(), bias, null, shape, layout, Layout.TRANSPOSED);
    }

    @Override
    public SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        int axis = (int) ((DynamicCustomOp) context.op()).iArgs()[1];
        return context.graph().tensorMmul(x, a, new int[] {axis}, 0);
    }

    @Override
    public SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        if (b.getVariableType() == VariableType.ARRAY) {
            // The rank of something computed is not known before it runs.
            int axis = (int) ((DynamicCustomOp) context.op()).iArgs()[1];
            return context.graph().tensorMmul(thin, b, new int[] {axis}, 0);
        }
        return Forms.widenLastAxis(context, thin, b, like);
    }

    @Override
    public SDVariable outputRows(OpContext context, Site site, SDVariable y) {
        return context.graph().reshape(y, -1, site.shape().outputs());
    }

    @Override
    public SDVariable fromOutputRows(OpContext context, Site site, SDVariable rows, SDVariable y) {
        return context.graph().reshape(rows, context.graph().shape(y));
    }

    // The axis is counted from the front, and how many axes the activation has is not known.
    @Override
    public boolean knowsInputAxis() {
        return false;
    }
}
