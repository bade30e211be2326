/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.shape.Reshape;

/** Finds batches of products with permutations before or behind them, and makes each one {@link ViewProduct}. */
final class ViewProducts {

    private static final int BATCHED = 3;

    private final SameDiff graph;
    private final LiveOps live;

    /** A variable, and how it is seen. */
    record Operand(String variable, View view) {}

    /** The last op that is part of the product, and what becomes of the result on the way to it. */
    record Result(SameDiffOp last, View view) {}

    ViewProducts(SameDiff graph, LiveOps live) {
        this.graph = graph;
        this.live = live;
    }

    /** The rewrite by the name of the op whose place the product takes. */
    static Map<String, OpRewrite> find(SameDiff graph, LiveOps live) {
        ViewProducts products = new ViewProducts(graph, live);
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : GraphOrder.topological(graph)) {
            if (op.getOp().opName().equals("matmul") && live.contains(op)) {
                products.match(op, found);
            }
        }
        return found;
    }

    private void match(SameDiffOp op, Map<String, OpRewrite> found) {
        DynamicCustomOp product = (DynamicCustomOp) op.getOp();
        List<String> inputs = GraphOrder.inputs(op);
        if (!MatmulAttributes.isPlain(product) || !inputs.stream().allMatch(this::isFloat)) {
            return;
        }
        Operand x = operand(inputs.get(0));
        Operand w = operand(inputs.get(1));
        Result z = result(op);
        if (!x.view().isPermuted() && !w.view().isPermuted() && !z.view().isPermuted()) {
            return;
        }
        ViewProduct.Spec spec = new ViewProduct.Spec(
                x.view(),
                w.view(),
                z.view(),
                MatmulAttributes.transposes(product, 0),
                MatmulAttributes.transposes(product, 1));
        found.put(z.last().getName(), context -> {
            SameDiff target = context.graph();
            return List.of(
                    new ViewProduct(target, spec, target.getVariable(x.variable()), target.getVariable(w.variable()))
                            .outputVariable());
        });
    }

    /** What a variable is a view of. */
    Operand operand(String variable) {
        SameDiffOp permute = live.producer(variable);
        if (permute == null || !isPermutation(permute)) {
            return new Operand(variable, View.SAME);
        }
        String permuted = GraphOrder.inputs(permute).get(0);
        SameDiffOp reshape = live.producer(permuted);
        if (reshape == null || !isReshape(reshape)) {
            return new Operand(permuted, new View(null, null, order(permute)));
        }
        return new Operand(GraphOrder.inputs(reshape).get(0), view(reshape, order(permute)));
    }

    /** What becomes of a product, as far as it is only seen in another way. */
    Result result(SameDiffOp product) {
        SameDiffOp permute = reader(product);
        if (permute == null || !isPermutation(permute)) {
            return new Result(product, View.SAME);
        }
        SameDiffOp reshape = reader(permute);
        if (reshape == null || !isReshape(reshape)) {
            return new Result(permute, new View(null, null, order(permute)));
        }
        return new Result(reshape, view(reshape, order(permute)));
    }

    private SameDiffOp reader(SameDiffOp op) {
        return live.onlyReader(op.getOutputsOfOp().get(0));
    }

    // The matrices of a batch only: of a single one, its transposition is an attribute of the product.
    private static boolean isPermutation(SameDiffOp op) {
        return op.getOp().opName().equals("permute")
                && GraphOrder.inputs(op).size() == 1
                && ((DynamicCustomOp) op.getOp()).iArgs().length >= BATCHED;
    }

    /** The axes of the input in the order of the output. */
    static int[] order(SameDiffOp permute) {
        long[] axes = ((DynamicCustomOp) permute.getOp()).iArgs();
        int[] order = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            order[i] = (int) (axes[i] < 0 ? axes[i] + axes.length : axes[i]);
        }
        return order;
    }

    /** Whether an op is a reshape in 'c' order whose sizes are known, or an input. */
    static boolean isReshape(SameDiffOp op) {
        if (!op.getOp().opName().equals("reshape")) {
            return false;
        }
        long[] arguments = ((DynamicCustomOp) op.getOp()).iArgs();
        boolean byVariable = GraphOrder.inputs(op).size() == 2;
        return arguments.length > 0 && arguments[0] == Reshape.C_ORDER && byVariable == (arguments.length == 1);
    }

    private static View view(SameDiffOp reshape, int[] order) {
        List<String> inputs = GraphOrder.inputs(reshape);
        if (inputs.size() == 2) {
            return new View(null, inputs.get(1), order);
        }
        long[] arguments = ((DynamicCustomOp) reshape.getOp()).iArgs();
        return new View(Arrays.copyOfRange(arguments, 1, arguments.length), null, order);
    }

    private boolean isFloat(String variable) {
        return graph.getVariable(variable).dataType() == DataType.FLOAT;
    }
}
