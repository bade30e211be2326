/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.Set;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * The op {@code x W + b} with {@code W [in, out]} ({@code sd.nn.linear}), and the one with a rectifier behind
 * ({@code sd.nn.reluLayer}), which is taken apart because the adapter belongs before the rectifier.
 */
final class LinearOpForm implements SiteForm {

    private static final String RECTIFIED = "relu_layer";

    @Override
    public String name() {
        return "linear op";
    }

    @Override
    public Set<String> ops() {
        return Set.of("xw_plus_b", RECTIFIED);
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        Operand weight = reader.operand(op, 1);
        if (!weight.parameter()) {
            return List.of();
        }
        if (reader.operand(op, 0).parameter()) {
            return Forms.refuseWithoutActivation(weight, op);
        }
        String problem = weight.problem(2);
        if (problem != null) {
            return List.of(Forms.refuse(weight, op, problem));
        }
        ModuleShape shape = ModuleShape.linear(weight.size(0), weight.size(1));
        String bias = GraphOrder.inputs(op).size() > 2 ? reader.operand(op, 2).leaf() : null;
        return List.of(new Site(
                this, op.getName(), 0, 1, weight.leaf(), bias, null, shape, Layout.TRANSPOSED, Layout.TRANSPOSED));
    }

    private static boolean rectified(OpContext context) {
        return context.op().opName().equals(RECTIFIED);
    }

    @Override
    public SDVariable base(OpContext context, List<SDVariable> inputs) {
        return rectified(context)
                ? context.graph().nn().linear(inputs.get(0), inputs.get(1), inputs.get(2))
                : SiteForm.super.base(context, inputs);
    }

    @Override
    public SDVariable finish(OpContext context, SDVariable adapted) {
        return rectified(context) ? context.graph().nn().relu(adapted, 0) : adapted;
    }

    @Override
    public SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        return context.graph().mmul(x, a);
    }

    @Override
    public SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        return context.graph().mmul(thin, b);
    }
}
