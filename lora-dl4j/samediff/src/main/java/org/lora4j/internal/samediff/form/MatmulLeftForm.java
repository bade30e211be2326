/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.Set;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * A matrix product {@code op(W) op(x)} with the weight on the left and examples in columns. Factors are as in PEFT: A
 * {@code [rank, in]}, B {@code [out, rank]}.
 */
final class MatmulLeftForm implements SiteForm {

    @Override
    public String name() {
        return "matmul, weight first";
    }

    @Override
    public Set<String> ops() {
        return Set.of("matmul");
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        Operand weight = reader.operand(op, 0);
        if (!weight.parameter() || reader.operand(op, 1).parameter()) {
            return List.of();
        }
        String problem = MatmulForm.problem(op, weight);
        if (problem != null) {
            return List.of(Forms.refuse(weight, op, problem));
        }
        boolean transposed = Forms.argument(op, 0, 0) != 0;
        long out = weight.size(transposed ? 1 : 0);
        ModuleShape shape = ModuleShape.linear(weight.size(transposed ? 0 : 1), out);
        Layout layout = transposed ? Layout.TRANSPOSED : Layout.SAME;
        String bias = reader.biasBehind(op.getOutputsOfOp().get(0), out);
        return List.of(new Site(this, op.getName(), 1, 0, weight.leaf(), bias, null, shape, layout, Layout.SAME));
    }

    @Override
    public SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        return context.graph().mmul(a, x, false, transposesData(context), false);
    }

    private static boolean transposesData(OpContext context) {
        long[] arguments = ((DynamicCustomOp) context.op()).iArgs();
        return arguments.length > 1 && arguments[1] != 0;
    }

    @Override
    public SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        return context.graph().mmul(b, thin);
    }

    @Override
    public SDVariable alongOutputs(OpContext context, Site site, SDVariable perOutput) {
        return context.graph().reshape(perOutput, -1, 1);
    }

    @Override
    public SDVariable inputRows(OpContext context, Site site, SDVariable x) {
        return transposesData(context) ? x : context.graph().permute(x, 1, 0);
    }

    @Override
    public SDVariable fromInputRows(OpContext context, Site site, SDVariable rows, SDVariable x) {
        return inputRows(context, site, rows);
    }

    @Override
    public SDVariable outputRows(OpContext context, Site site, SDVariable y) {
        return context.graph().permute(y, 1, 0);
    }

    @Override
    public SDVariable fromOutputRows(OpContext context, Site site, SDVariable rows, SDVariable y) {
        return context.graph().permute(rows, 1, 0);
    }

    @Override
    public SDVariable alongInputs(OpContext context, Site site, SDVariable perInput) {
        return transposesData(context) ? perInput : context.graph().reshape(perInput, -1, 1);
    }
}
