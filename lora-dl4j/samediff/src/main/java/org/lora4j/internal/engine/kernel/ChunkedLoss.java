/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * The cross-entropy of each row's class, from hidden states and the frozen matrix that makes logits of them, and at once its
 * gradient by the hidden states; {@link LossTiles} computes it without ever having all logits. It stands for
 *
 * <pre>sparse_softmax_cross_entropy_loss_with_logits(targets, f(x op(W)))</pre>
 *
 * <p>where f scales and caps, or does nothing, and nothing else needs the logits. Inputs are x {@code [rows, hidden]}, targets
 * {@code [rows]}, W, unless it is stored, and the weights of the losses, one for each row in any shape, if all that is done with these is that
 * they are weighed: rows of weight 0, such as those of a prompt, are left out, and their losses are 0. Outputs are losses {@code
 * [rows]} and, if gradients are wanted, d loss / d x of each row {@code [rows, hidden]}.
 *
 * <p>Source: Hsu et al. 2024, <i>Liger Kernel: Efficient Triton Kernels for LLM Training</i>, arXiv:2410.10989.
 */
final class ChunkedLoss extends FusedOp {

    static final String NAME = "lora4j_chunked_loss";

    private static final String LOSS = "sparse_softmax_cross_entropy_loss_with_logits";

    /** What is done to the products on the way to the loss: {@code inner tanh}, if there is one, {@code outer}. */
    record Squash(double inner, boolean capped, double outer) {
        static final Squash NONE = new Squash(1, false, 1);

        Squash behind(double factor) {
            // Found from the loss backwards: what comes before a tanh is inside.
            return capped ? new Squash(inner * factor, true, outer) : new Squash(inner, false, outer * factor);
        }
    }

    private record Head(String x, String w, StoredWeight stored, boolean transposed, Squash squash) {}

    private final Head head;
    private final boolean weighed;
    private final boolean gradients;

    private ChunkedLoss(Head head, boolean weighed, boolean gradients, SameDiff graph, SDVariable... inputs) {
        super(gradients ? 2 : 1, graph, inputs);
        this.head = head;
        this.weighed = weighed;
        this.gradients = gradients;
    }

    @Override
    public String opName() {
        return NAME;
    }

    @Override
    public ChunkedLoss copied() {
        return new ChunkedLoss(head, weighed, gradients, null);
    }

    /** The rewrite of each such loss, by the name of its op. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live, boolean gradients) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            if (op.getOp().opName().equals(LOSS) && live.contains(op)) {
                Head head = head(graph, live, GraphOrder.inputs(op).get(1), Squash.NONE);
                if (head != null) {
                    List<String> inputs = new ArrayList<>(
                            List.of(head.x(), GraphOrder.inputs(op).get(0)));
                    if (head.stored() == null) {
                        inputs.add(head.w());
                    }
                    String weights = weights(graph, shapes, live, op);
                    if (weights != null) {
                        inputs.add(weights);
                    }
                    found.put(op.getName(), context -> {
                        SDVariable[] all = inputs.stream()
                                .map(context.graph()::getVariable)
                                .toArray(SDVariable[]::new);
                        ChunkedLoss loss = new ChunkedLoss(head, weights != null, gradients, context.graph(), all);
                        return List.of(loss.outputVariables()[0]);
                    });
                }
            }
        }
        return found;
    }

    // What the losses are multiplied by, if nothing else reads them, and it neither learns nor comes after them.
    private static String weights(SameDiff graph, Shapes shapes, LiveOps live, SameDiffOp loss) {
        String losses = loss.getOutputsOfOp().get(0);
        SameDiffOp product = live.onlyReader(losses);
        if (product == null || !product.getOp().opName().equals("multiply")) {
            return null;
        }
        List<String> inputs = GraphOrder.inputs(product);
        String weights = inputs.get(inputs.get(0).equals(losses) ? 1 : 0);
        String result = product.getOutputsOfOp().get(0);
        boolean fits = graph.getVariable(weights).dataType() == DataType.FLOAT
                && shapes.rank(weights) == 1
                && shapes.rank(result) == 1
                && shapes.broadcastDimensions(weights, result).length == 0;
        return fits ? given(graph, live, weights) : null;
    }

    // The leaf that has the values of a variable, perhaps in another shape, and does not learn.
    private static String given(SameDiff graph, LiveOps live, String variable) {
        SameDiffOp op = live.producer(variable);
        if (op != null) {
            return ViewProducts.isReshape(op)
                    ? given(graph, live, GraphOrder.inputs(op).get(0))
                    : null;
        }
        return graph.getVariable(variable).getVariableType() == VariableType.VARIABLE ? null : variable;
    }

    // From the logits back to the product, if nothing else reads what is on the way.
    private static Head head(SameDiff graph, LiveOps live, String variable, Squash squash) {
        SameDiffOp op = live.onlyReader(variable) == null ? null : live.producer(variable);
        if (op == null || graph.getVariable(variable).dataType() != DataType.FLOAT) {
            return null;
        }
        List<String> inputs = GraphOrder.inputs(op);
        double factor = Ops.factor(op);
        if (!Double.isNaN(factor)) {
            return head(graph, live, inputs.get(0), squash.behind(factor));
        }
        if (op.getOp().opName().equals("tanh") && !squash.capped()) {
            return head(graph, live, inputs.get(0), new Squash(1, true, squash.outer()));
        }
        return op.getOp().opName().equals("matmul") ? head(graph, op, squash) : null;
    }

    private static Head head(SameDiff graph, SameDiffOp op, Squash squash) {
        DynamicCustomOp product = (DynamicCustomOp) op.getOp();
        String x = GraphOrder.inputs(op).get(0);
        String w = GraphOrder.inputs(op).get(1);
        boolean transposed = MatmulAttributes.transposes(product, 1);
        if (!MatmulAttributes.isPlain(product) || MatmulAttributes.transposes(product, 0)) {
            return null;
        }
        StoredWeight stored = StoredWeights.find(graph, w).orElse(null);
        if (stored != null) {
            // Rows of a stored weight are computed together: classes must be rows.
            return transposed ? new Head(x, null, stored, true, squash) : null;
        }
        SDVariable weight = graph.getVariable(w);
        boolean frozen = weight.getVariableType() == VariableType.CONSTANT
                && weight.dataType() == DataType.FLOAT
                && weight.getArr().rank() == 2;
        return frozen ? new Head(x, w, null, transposed, squash) : null;
    }

    /** How many classes there are. */
    long classes(List<INDArray> in) {
        return classes(() -> in.get(2).shape());
    }

    private long classes(Supplier<long[]> weight) {
        return head.stored() != null ? head.stored().rows() : weight.get()[head.transposed() ? 0 : 1];
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        long[] losses = {in.get(0).size(0)};
        return gradients ? List.of(losses, in.get(0).shape()) : List.of(losses);
    }

    @Override
    long multiplications(List<long[]> in, List<long[]> out) {
        long[] x = in.get(0);
        // Logits, and their gradient times W.
        return (gradients ? 2 : 1) * x[0] * x[1] * classes(() -> in.get(2));
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of((in, out) -> {
            LossTiles.Weight weight = head.stored() != null
                    ? LossTiles.Weight.of(head.stored())
                    : LossTiles.Weight.of(in.get(2), head.transposed());
            LossTiles tiles = new LossTiles(weight, head.squash(), multiplier);
            int[] targets = in.get(1).dup('c').data().asInt();
            INDArray gradient = gradients ? out.get(1) : null;
            int[] rows = weighed ? ChosenRows.weighed(in.get(in.size() - 1)) : null;
            if (rows == null || rows.length == targets.length) {
                tiles.run(in.get(0), targets, out.get(0), gradient);
            } else {
                ChosenRows.run(tiles, rows, in.get(0), targets, out.get(0), gradient);
            }
        });
    }

    @Override
    void differentiate(RuleContext c) {
        if (c.needs(0)) {
            c.pass(0, c.output(1).mul(c.graph().expandDims(c.gradient(), 1)));
        }
    }
}
