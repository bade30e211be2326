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
 * A matrix product {@code op(x) op(W)} with the weight on the right, either operand transposed or not. With a one-hot
 * matrix on the left it is an embedding.
 *
 * <p>A is {@code [in, rank]} and B {@code [rank, out]} in all cases, so the thin products transpose nothing but x.
 */
final class MatmulForm implements SiteForm {

    @Override
    public String name() {
        return "matmul";
    }

    @Override
    public Set<String> ops() {
        return Set.of("matmul");
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        Operand weight = reader.operand(op, 1);
        if (reader.operand(op, 0).parameter()) {
            return weight.parameter() ? Forms.refuseWithoutActivation(weight, op) : List.of();
        }
        if (!weight.parameter()) {
            return List.of();
        }
        String problem = problem(op, weight);
        return List.of(problem == null ? site(reader, op, weight) : Forms.refuse(weight, op, problem));
    }

    static String problem(SameDiffOp op, Operand weight) {
        if (weight.problem(2) != null) {
            return weight.problem(2);
        }
        if (Forms.argument(op, 2, 0) != 0) {
            return "op \"" + op.getName() + "\" transposes its result (transposeResult); expected the result as it is."
                    + " Exchange the operands instead";
        }
        double[] factors = ((DynamicCustomOp) op.getOp()).tArgs();
        if (factors.length > 0 && factors[0] != 1) {
            return "op \"" + op.getName() + "\" multiplies its result by " + factors[0] + "; expected 1."
                    + " Use an op of its own for the factor";
        }
        return null;
    }

    private Site site(GraphReader reader, SameDiffOp op, Operand weight) {
        boolean transposed = Forms.argument(op, 1, 0) != 0;
        long in = weight.size(transposed ? 1 : 0);
        long out = weight.size(transposed ? 0 : 1);
        boolean lookup = isOneHot(reader, op);
        ModuleShape shape = lookup ? ModuleShape.embedding(in, out) : ModuleShape.linear(in, out);
        // PEFT's tables are [in, out], its linear weights [out, in].
        Layout layout = transposed == lookup ? Layout.TRANSPOSED : Layout.SAME;
        String bias = lookup ? null : reader.biasBehind(op.getOutputsOfOp().get(0), out);
        return new Site(this, op.getName(), 0, 1, weight.leaf(), bias, null, shape, layout, Layout.TRANSPOSED);
    }

    private static boolean isOneHot(GraphReader reader, SameDiffOp op) {
        if (Forms.argument(op, 0, 0) != 0) {
            return false;
        }
        SameDiffOp source = reader.sourceThroughReshapes(op.getInputsToOp().get(0));
        return source != null
                && source.getOp().opName().equals("onehot")
                && Forms.argument(source, 0, -1) == -1
                && onAndOff(source, 1, 0);
    }

    private static boolean onAndOff(SameDiffOp oneHot, double on, double off) {
        double[] values = ((DynamicCustomOp) oneHot.getOp()).tArgs();
        return values.length < 2 || values[0] == on && values[1] == off;
    }

    @Override
    public SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        return context.graph().mmul(x, a, transposesData(context), false, false);
    }

    private static boolean transposesData(OpContext context) {
        long[] arguments = ((DynamicCustomOp) context.op()).iArgs();
        return arguments.length > 0 && arguments[0] != 0;
    }

    @Override
    public SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        return context.graph().mmul(thin, b);
    }

    @Override
    public SDVariable inputRows(OpContext context, Site site, SDVariable x) {
        return transposesData(context) ? context.graph().permute(x, 1, 0) : x;
    }

    @Override
    public SDVariable fromInputRows(OpContext context, Site site, SDVariable rows, SDVariable x) {
        return inputRows(context, site, rows);
    }

    @Override
    public SDVariable alongInputs(OpContext context, Site site, SDVariable perInput) {
        return transposesData(context) ? context.graph().reshape(perInput, -1, 1) : perInput;
    }
}
