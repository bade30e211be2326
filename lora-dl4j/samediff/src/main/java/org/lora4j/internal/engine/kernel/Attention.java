/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Attention, {@code softmax(f Q K' + M) V}, for each head of each example: queries {@code [batch, heads, length, size]}, keys and
 * values {@code [batch, heads, keys, size]}, wherever their values lie, a factor f, and perhaps a mask M: one that does not learn,
 * {@code [1 or batch, 1 or heads, 1 or length, keys]}, or one of the shape of the scores that may.
 *
 * <p>An example is finished before the next one is begun, so that its scores are in the cache from the product that makes them to
 * the one that takes them. They are not kept: the backward pass computes them again, which costs less than to read them from memory.
 *
 * <p>Sources: Vaswani et al. 2017, <i>Attention is all you need</i>, equation 1; Dao et al. 2022, <i>FlashAttention</i>,
 * arXiv:2205.14135, for scores that are computed again.
 */
final class Attention extends FusedOp {

    /** Names in the table of {@link Multiplier#kernel}. */
    private static final String FORWARD = "attention";

    private static final String BACKWARD = "attention_bp";
    private static final int RANK = 4;
    private static final int OPERANDS = 3;
    private static final int[] TRANSPOSED = {0, 1, 3, 2};

    private final Spec spec;

    /**
     * How the operands lie in the variables that have them.
     *
     * @param operands views of queries, keys and values
     * @param context what becomes of the result: first permuted, then reshaped
     * @param factor of the scores
     * @param masked whether there is a mask
     */
    private record Spec(List<View> operands, View context, float factor, boolean masked) {

        /** The variables that the views need, behind the operands and the mask. */
        Stream<SDVariable> sizes(SameDiff graph) {
            return Stream.concat(operands.stream(), Stream.of(context)).flatMap(view -> view.inputs(graph).stream());
        }

        INDArray operand(int which, List<INDArray> in) {
            return operands.get(which).of(in.get(which), sizes(which, in));
        }

        INDArray mask(List<INDArray> in) {
            INDArray mask = in.get(OPERANDS);
            long[] shape = new long[RANK];
            Arrays.fill(shape, 1);
            System.arraycopy(mask.shape(), 0, shape, RANK - mask.rank(), mask.rank());
            return mask.reshape(shape);
        }

        private INDArray sizes(int view, List<INDArray> in) {
            List<View> all = new ArrayList<>(operands);
            all.add(context);
            if (all.get(view).shapeVariable() == null) {
                return null;
            }
            long before = all.subList(0, view).stream()
                    .filter(other -> other.shapeVariable() != null)
                    .count();
            return in.get(OPERANDS + (masked ? 1 : 0) + (int) before);
        }

        long[] contextShape(List<INDArray> in) {
            long[] queries = operand(0, in).shape();
            return new long[] {
                queries[0], queries[1], queries[2], operand(2, in).size(RANK - 1)
            };
        }

        /** The shape that the context leaves in. */
        long[] leftShape(List<INDArray> in) {
            long[] permuted = context.permuted(contextShape(in));
            return context.isReshaped()
                    ? context.shapeOf(Arrays.stream(permuted).reduce(1, (a, b) -> a * b), sizes(OPERANDS, in))
                    : permuted;
        }

        /** What left, as it is by heads. */
        INDArray byHeads(INDArray left, List<INDArray> in) {
            INDArray permuted = context.isReshaped() ? left.reshape('c', context.permuted(contextShape(in))) : left;
            return context.isPermuted() ? permuted.permute(context.inverseOrder()) : permuted;
        }

        /** How many keys there are, as far as shapes tell; else 0. */
        long keys(List<long[]> in) {
            if (masked) {
                long[] mask = in.get(OPERANDS);
                return mask[mask.length - 1];
            }
            View keys = operands.get(1);
            if (keys.shapeVariable() != null) {
                return 0;
            }
            long[] split = keys.isReshaped() ? keys.shapeOf(length(in.get(1)), null) : in.get(1);
            return keys.permuted(split)[RANK - 2];
        }

        /** What kernels take: queries, keys, values, the factor, and the mask if there is one. */
        List<INDArray> given(List<INDArray> in, INDArray factorOnce) {
            List<INDArray> given = new ArrayList<>();
            IntStream.range(0, OPERANDS).forEach(which -> given.add(operand(which, in)));
            given.add(factorOnce);
            if (masked) {
                given.add(mask(in));
            }
            return given;
        }
    }

    /** Inputs queries, keys, values, the mask if there is one, and the variables that views need. */
    private Attention(Spec spec, SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
        this.spec = spec;
    }

    @Override
    public String opName() {
        return "lora4j_attention";
    }

    @Override
    public Attention copied() {
        return new Attention(spec, null);
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(spec.leftShape(in));
    }

    @Override
    long multiplications(List<long[]> in, List<long[]> out) {
        return spec.keys(in) * (length(in.get(0)) + length(out.get(0)));
    }

    private static long length(long[] shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        Kernel attention = multiplier.kernel(FORWARD, Kernel.of((in, out) -> forward(in, out.get(0), multiplier)));
        INDArray factor = Nd4j.scalar(spec.factor()).detach();
        Kernel kernel =
                Kernel.of((in, out) -> attention.run(spec.given(in, factor), List.of(spec.byHeads(out.get(0), in))));
        return multiplier.rounds() ? kernel.rounding(in -> rounded(in, false, 1)) : kernel;
    }

    // All but the mask and the sizes: scores and shares stay F32.
    private static Rounded rounded(List<INDArray> in, boolean backward, int outputs) {
        Set<Integer> inputs = new HashSet<>(List.of(0, 1, 2));
        if (backward) {
            inputs.add(in.size() - 1);
        }
        return new Rounded(Set.of(), inputs, IntStream.range(0, outputs).boxed().collect(Collectors.toSet()), true);
    }

    @Override
    void differentiate(RuleContext c) {
        boolean[] wanted = {c.needs(0), c.needs(1), c.needs(2), spec.masked() && c.needs(OPERANDS)};
        SDVariable[] inputs = IntStream.rangeClosed(0, c.inputCount())
                .mapToObj(i -> i < c.inputCount() ? c.input(i) : c.gradient())
                .toArray(SDVariable[]::new);
        SDVariable[] gradients = new Backward(spec, wanted, c.graph(), inputs).outputVariables();
        int at = 0;
        for (int which = 0; which < wanted.length; which++) {
            if (wanted[which]) {
                c.pass(which, gradients[at++]);
            }
        }
    }

    /** Inputs those of the attention and the gradient of its result; outputs the gradients of operands and mask that are wanted. */
    private static final class Backward extends FusedOp {

        private final Spec spec;
        private final boolean[] wanted;

        Backward(Spec spec, boolean[] wanted, SameDiff graph, SDVariable... inputs) {
            super(
                    (int) IntStream.range(0, wanted.length)
                            .filter(which -> wanted[which])
                            .count(),
                    graph,
                    inputs);
            this.spec = spec;
            this.wanted = wanted;
        }

        @Override
        public String opName() {
            return "lora4j_attention_bp";
        }

        @Override
        public Backward copied() {
            return new Backward(spec, wanted, null);
        }

        @Override
        List<long[]> shapes(List<INDArray> in) {
            return IntStream.range(0, wanted.length)
                    .filter(which -> wanted[which])
                    .mapToObj(which -> in.get(which).shape())
                    .toList();
        }

        @Override
        long multiplications(List<long[]> in, List<long[]> out) {
            long ofQueries = length(in.get(0));
            long ofContext = length(in.get(in.size() - 1));
            long products = ofQueries
                    + ofContext
                    + (wanted[0] ? ofQueries : 0)
                    + (wanted[1] ? ofQueries : 0)
                    + (wanted[2] ? ofContext : 0);
            return spec.keys(in) * products;
        }

        @Override
        Kernel kernel(Multiplier multiplier) {
            Kernel backward = multiplier.kernel(BACKWARD, Kernel.of((in, out) -> backward(in, out, multiplier)));
            INDArray factor = Nd4j.scalar(spec.factor()).detach();
            Kernel kernel = Kernel.of((in, out) -> {
                List<INDArray> given = spec.given(in, factor);
                given.add(spec.byHeads(in.get(in.size() - 1), in));
                INDArray[] gradients = new INDArray[OPERANDS + 1];
                int at = 0;
                for (int which = 0; which < OPERANDS; which++) {
                    gradients[which] =
                            wanted[which] ? spec.operands().get(which).of(out.get(at++), spec.sizes(which, in)) : null;
                }
                gradients[OPERANDS] = wanted[OPERANDS] ? out.get(at) : null;
                backward.run(given, Arrays.asList(gradients));
            });
            // The gradient of a mask is one of scores.
            int ofOperands = getNumOutputs() - (wanted[OPERANDS] ? 1 : 0);
            return multiplier.rounds() ? kernel.rounding(in -> rounded(in, true, ofOperands)) : kernel;
        }
    }

    // The same for whole batches, by products and element-wise work: for what a multiplier's own kernel does not take.
    private static void forward(List<INDArray> in, INDArray context, Multiplier multiplier) {
        INDArray shares = shares(in, multiplier);
        multiplier.multiply(plain(shares), plain(in.get(2)), context, 0);
        shares.close();
    }

    private static INDArray shares(List<INDArray> in, Multiplier multiplier) {
        INDArray queries = in.get(0);
        INDArray keys = in.get(1);
        INDArray scores = Nd4j.createUninitialized(
                DataType.FLOAT, queries.size(0), queries.size(1), queries.size(2), keys.size(2));
        multiplier.multiply(plain(queries), transposed(keys), scores, 0);
        scores.muli(in.get(OPERANDS));
        if (in.size() > OPERANDS + 1 && in.get(OPERANDS + 1) != null) {
            scores.addi(in.get(OPERANDS + 1));
        }
        DenseKernel.of(SoftmaxKernels::forward).run(List.of(scores), List.of(scores));
        return scores;
    }

    private static void backward(List<INDArray> in, List<INDArray> out, Multiplier multiplier) {
        INDArray ofContext = in.get(in.size() - 1);
        INDArray shares = shares(in.subList(0, in.size() - 1), multiplier);
        INDArray ofScores = Nd4j.createUninitialized(DataType.FLOAT, shares.shape());
        multiplier.multiply(plain(ofContext), transposed(in.get(2)), ofScores, 0);
        DenseKernel.of(SoftmaxKernels::backward).run(List.of(shares, ofScores), List.of(ofScores));
        if (out.get(OPERANDS) != null) {
            out.get(OPERANDS).assign(ofScores);
        }
        ofScores.muli(in.get(OPERANDS));
        if (out.get(0) != null) {
            multiplier.multiply(plain(ofScores), plain(in.get(1)), out.get(0), 0);
        }
        if (out.get(1) != null) {
            multiplier.multiply(transposed(ofScores), plain(in.get(0)), out.get(1), 0);
        }
        if (out.get(2) != null) {
            multiplier.multiply(transposed(shares), plain(ofContext), out.get(2), 0);
        }
        shares.close();
        ofScores.close();
    }

    private static Factor plain(INDArray array) {
        return new Factor(array, false, false);
    }

    private static Factor transposed(INDArray array) {
        return new Factor(array, true, false);
    }

    /** The rewrite of each, by the name of the op that gives its result; none if the multiplier has no kernel of its own for it. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live, Multiplier multiplier) {
        Kernel none = Kernel.of((in, out) -> {});
        Finder finder = new Finder(graph, shapes, live);
        if (multiplier.kernel(FORWARD, none) != none) {
            for (SameDiffOp op : graph.getOps().values()) {
                if (live.contains(op) && op.getOp().opName().equals("softmax")) {
                    finder.match(op);
                }
            }
        }
        return finder.found;
    }

    /** Looks for the pattern in a graph. */
    private static final class Finder {

        private final SameDiff graph;
        private final Shapes shapes;
        private final LiveOps live;
        private final ViewProducts views;
        private final Map<String, OpRewrite> found = new LinkedHashMap<>();

        /** The product that makes the scores, and what becomes of them before the softmax. */
        private record Scores(SameDiffOp product, double factor, String mask) {}

        private record Scaled(String variable, double factor) {}

        Finder(SameDiff graph, Shapes shapes, LiveOps live) {
            this.graph = graph;
            this.shapes = shapes;
            this.live = live;
            this.views = new ViewProducts(graph, live);
        }

        void match(SameDiffOp softmax) {
            String shares = softmax.getOutputsOfOp().get(0);
            if (!isOverKeys(softmax, shares)) {
                return;
            }
            SameDiffOp mixing = live.onlyReader(shares);
            Scores scores = scores(GraphOrder.inputs(softmax).get(0));
            if (scores == null
                    || !isProduct(mixing)
                    || !GraphOrder.inputs(mixing).get(0).equals(shares)
                    || MatmulAttributes.transposes((DynamicCustomOp) mixing.getOp(), 0)
                    || MatmulAttributes.transposes(
                            (DynamicCustomOp) scores.product().getOp(), 0)) {
                return;
            }
            // Queries may be scaled before they are split into heads, or after.
            Scaled inHeads = scaled(GraphOrder.inputs(scores.product()).get(0));
            ViewProducts.Operand queries = views.operand(inHeads.variable());
            Scaled inRows = scaled(queries.variable());
            ViewProducts.Operand keys = operand(scores.product(), true);
            ViewProducts.Operand values = operand(mixing, false);
            ViewProducts.Result context = views.result(mixing);
            Spec spec = new Spec(
                    List.of(queries.view(), keys.view(), values.view()),
                    context.view(),
                    (float) (scores.factor() * inHeads.factor() * inRows.factor()),
                    scores.mask() != null);
            List<String> operands = new ArrayList<>(List.of(inRows.variable(), keys.variable(), values.variable()));
            if (scores.mask() != null) {
                operands.add(scores.mask());
            }
            found.put(context.last().getName(), rewritten -> {
                SameDiff target = rewritten.graph();
                return List.of(new Attention(
                                spec,
                                target,
                                Stream.concat(operands.stream().map(target::getVariable), spec.sizes(target))
                                        .toArray(SDVariable[]::new))
                        .outputVariable());
            });
        }

        /** What is scaled, and by how much, if nothing else reads the result; {@link RotaryHeads} scales what it turns. */
        private Scaled scaled(String variable) {
            SameDiffOp scaling = live.onlyReader(variable) == null ? null : live.producer(variable);
            double factor = scaling == null ? Double.NaN : Ops.factor(scaling);
            String before =
                    Double.isNaN(factor) ? null : GraphOrder.inputs(scaling).get(0);
            return before == null || live.producer(before, "concat") != null
                    ? new Scaled(variable, 1)
                    : new Scaled(before, factor);
        }

        private boolean isOverKeys(SameDiffOp softmax, String shares) {
            long[] attributes = ((DynamicCustomOp) softmax.getOp()).iArgs();
            return isFloat(shares)
                    && shapes.knows(shares)
                    && shapes.rank(shares) == RANK
                    && Math.floorMod(attributes.length == 0 ? -1 : attributes[0], RANK) == RANK - 1;
        }

        /** The second operand of a product, as [batch, heads, keys, size]. */
        private ViewProducts.Operand operand(SameDiffOp product, boolean asTransposed) {
            ViewProducts.Operand operand =
                    views.operand(GraphOrder.inputs(product).get(1));
            if (MatmulAttributes.transposes((DynamicCustomOp) product.getOp(), 1) == asTransposed) {
                return operand;
            }
            View view = operand.view();
            int[] order = view.isPermuted()
                    ? Arrays.stream(TRANSPOSED).map(axis -> view.order()[axis]).toArray()
                    : TRANSPOSED;
            return new ViewProducts.Operand(operand.variable(), new View(view.shape(), view.shapeVariable(), order));
        }

        private Scores scores(String beforeSoftmax) {
            String variable = beforeSoftmax;
            double factor = 1;
            String mask = null;
            while (live.onlyReader(variable) != null && live.producer(variable) != null) {
                SameDiffOp op = live.producer(variable);
                if (isProduct(op)) {
                    return new Scores(op, factor, mask);
                }
                double scale = Ops.factor(op);
                if (!Double.isNaN(scale)) {
                    factor *= scale;
                    variable = GraphOrder.inputs(op).get(0);
                } else if (mask == null && factor == 1 && op.getOp().opName().equals("add")) {
                    int at = maskOf(op, beforeSoftmax);
                    if (at < 0) {
                        return null;
                    }
                    mask = GraphOrder.inputs(op).get(at);
                    variable = GraphOrder.inputs(op).get(1 - at);
                } else {
                    return null;
                }
            }
            return null;
        }

        private int maskOf(SameDiffOp sum, String scores) {
            List<String> inputs = GraphOrder.inputs(sum);
            for (boolean mayLearn : new boolean[] {false, true}) {
                for (int at = 1; at >= 0 && inputs.size() == 2; at--) {
                    if (isMask(inputs.get(at), scores, mayLearn)) {
                        return at;
                    }
                }
            }
            return -1;
        }

        /** One that does not learn, and has a value for each key; or one with a value for each score. */
        private boolean isMask(String variable, String scores, boolean mayLearn) {
            if (!isFloat(variable)
                    || !shapes.knows(variable)
                    || shapes.rank(variable) > RANK
                    || producedByProduct(variable)) {
                return false;
            }
            int[] broadcast = shapes.broadcastDimensions(variable, scores);
            if (mayLearn) {
                return shapes.rank(variable) == RANK && broadcast.length == 0;
            }
            return Arrays.stream(broadcast).noneMatch(axis -> axis == RANK - 1)
                    && GraphOrder.ancestors(graph, List.of(variable)).stream()
                            .noneMatch(
                                    ancestor -> graph.getVariable(ancestor).getVariableType() == VariableType.VARIABLE);
        }

        private boolean producedByProduct(String variable) {
            SameDiffOp producer = live.producer(variable);
            return producer != null && isProduct(producer);
        }

        private boolean isProduct(SameDiffOp op) {
            return op != null
                    && op.getOp().opName().equals("matmul")
                    && MatmulAttributes.isPlain((DynamicCustomOp) op.getOp())
                    && GraphOrder.inputs(op).stream().allMatch(this::isFloat)
                    && shapes.knows(op.getOutputsOfOp().get(0))
                    && shapes.rank(op.getOutputsOfOp().get(0)) == RANK;
        }

        private boolean isFloat(String variable) {
            return graph.getVariable(variable).dataType() == DataType.FLOAT;
        }
    }
}
