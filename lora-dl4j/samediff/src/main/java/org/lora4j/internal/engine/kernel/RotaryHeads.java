/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.ThreadArrays;
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

/**
 * Queries or keys, {@code [batch * length, heads * size]}, brought head by head and turned by their positions, {@code [batch,
 * heads, length, size]}. Of each head's values, the first m are a, the next m are b, and the rest r, which is often none:
 *
 * <pre>(a, b, r)  to  f (a cos - b sin, b cos + a sin, r)</pre>
 *
 * <p>Cosines and sines are {@code [1 or batch, 1 or heads, length, m]}, and do not learn. As ops these are nine passes over
 * memory, and more backwards.
 *
 * <p>Source: Su et al. 2021, <i>RoFormer: enhanced transformer with rotary position embedding</i>, arXiv:2104.09864.
 */
final class RotaryHeads extends FusedOp {

    private static final int RANK = 4;
    private static final int[] HEADS_FIRST = {0, 2, 1, 3};

    private final float factor;

    /** Inputs x, cosines, sines and the sizes {@code [batch, length, heads, size]}. */
    private RotaryHeads(float factor, SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
        this.factor = factor;
    }

    @Override
    public String opName() {
        return "lora4j_turned_heads";
    }

    @Override
    public RotaryHeads copied() {
        return new RotaryHeads(factor, null);
    }

    /** Part of the last axis of a variable that was split into so many. */
    private record Range(String source, int from, int to, int of) {

        boolean isFollowedBy(Range next) {
            return next.source.equals(source) && next.of == of && next.from == to;
        }
    }

    /** The rewrite of each, by the name of the op that gives its result. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live) {
        Finder finder = new Finder(graph, shapes, live);
        for (SameDiffOp op : graph.getOps().values()) {
            if (live.contains(op) && op.getOp().opName().equals("concat")) {
                finder.match(op);
            }
        }
        return finder.found;
    }

    /** Looks for the pattern in a graph. */
    private static final class Finder {

        private final SameDiff graph;
        private final Shapes shapes;
        private final LiveOps live;
        private final Map<String, OpRewrite> found = new LinkedHashMap<>();

        Finder(SameDiff graph, Shapes shapes, LiveOps live) {
            this.graph = graph;
            this.shapes = shapes;
            this.live = live;
        }

        void match(SameDiffOp concat) {
            List<String> parts = GraphOrder.inputs(concat);
            String turned = concat.getOutputsOfOp().get(0);
            if (parts.size() < 2 || !isAlongLastAxis(concat) || !isFloat(turned)) {
                return;
            }
            List<SameDiffOp> first = terms(parts.get(0), "subtract");
            List<SameDiffOp> second = terms(parts.get(1), "add");
            if (first.isEmpty() || second.isEmpty()) {
                return;
            }
            String cosines = GraphOrder.inputs(first.get(0)).get(1);
            String sines = GraphOrder.inputs(first.get(1)).get(1);
            Range a = range(GraphOrder.inputs(first.get(0)).get(0));
            Range b = range(GraphOrder.inputs(first.get(1)).get(0));
            if (a == null
                    || b == null
                    || a.from() != 0
                    || !a.isFollowedBy(b)
                    || b.to() != 2 * a.to()
                    || !isProduct(second.get(0), b, cosines)
                    || !isProduct(second.get(1), a, sines)
                    || !isGiven(cosines, first.get(0))
                    || !isGiven(sines, first.get(1))
                    || !Arrays.equals(repeated(cosines, first.get(0)), repeated(sines, first.get(1)))
                    || !isRest(b, parts.subList(2, parts.size()))) {
                return;
            }
            add(concat, a.source(), cosines, sines);
        }

        private void add(SameDiffOp concat, String source, String cosines, String sines) {
            SameDiffOp permute = live.producer(source, "permute");
            SameDiffOp reshape = permute == null
                    ? null
                    : live.producer(GraphOrder.inputs(permute).get(0), "reshape");
            if (reshape == null
                    || GraphOrder.inputs(reshape).size() != 2
                    || GraphOrder.inputs(permute).size() != 1
                    || !Arrays.equals(ViewProducts.order(permute), HEADS_FIRST)
                    || !ViewProducts.isReshape(reshape)) {
                return;
            }
            String x = GraphOrder.inputs(reshape).get(0);
            String sizes = GraphOrder.inputs(reshape).get(1);
            SameDiffOp scaling = live.onlyReader(concat.getOutputsOfOp().get(0));
            double factor = scaling == null ? Double.NaN : Ops.factor(scaling);
            SameDiffOp last = Double.isNaN(factor) ? concat : scaling;
            float scale = Double.isNaN(factor) ? 1 : (float) factor;
            found.put(last.getName(), context -> {
                SameDiff target = context.graph();
                return List.of(new RotaryHeads(
                                scale,
                                target,
                                target.getVariable(x),
                                target.getVariable(cosines),
                                target.getVariable(sines),
                                target.getVariable(sizes))
                        .outputVariable());
            });
        }

        /** The products that an op of this name has for its inputs. */
        private List<SameDiffOp> terms(String variable, String name) {
            SameDiffOp op = live.producer(variable, name);
            if (op == null) {
                return List.of();
            }
            SameDiffOp first = live.producer(GraphOrder.inputs(op).get(0), "multiply");
            SameDiffOp second = live.producer(GraphOrder.inputs(op).get(1), "multiply");
            return first == null || second == null ? List.of() : List.of(first, second);
        }

        private boolean isProduct(SameDiffOp product, Range part, String factor) {
            return part.equals(range(GraphOrder.inputs(product).get(0)))
                    && GraphOrder.inputs(product).get(1).equals(factor);
        }

        /** A value for each position, which nothing that learns has a part in. */
        private boolean isGiven(String variable, SameDiffOp product) {
            return GraphOrder.ancestors(graph, List.of(variable)).stream()
                            .noneMatch(of -> graph.getVariable(of).getVariableType() == VariableType.VARIABLE)
                    && isFloat(variable)
                    && shapes.rank(variable) == RANK
                    && Arrays.stream(repeated(variable, product)).allMatch(axis -> axis < 2);
        }

        private int[] repeated(String variable, SameDiffOp product) {
            return shapes.broadcastDimensions(variable, product.getOutputsOfOp().get(0));
        }

        private boolean isRest(Range before, List<String> rest) {
            Range last = before;
            for (String part : rest) {
                Range next = range(part);
                if (next == null || !last.isFollowedBy(next)) {
                    return false;
                }
                last = next;
            }
            return last.to() == last.of();
        }

        private Range range(String variable) {
            SameDiffOp op = live.producer(variable);
            if (op == null) {
                return null;
            }
            if (op.getOp().opName().equals("split") && GraphOrder.inputs(op).size() == 1) {
                long[] arguments = ((DynamicCustomOp) op.getOp()).iArgs();
                String source = GraphOrder.inputs(op).get(0);
                boolean last = arguments.length == 2
                        && shapes.rank(source) == RANK
                        && Math.floorMod(arguments[1], RANK) == RANK - 1;
                int at = op.getOutputsOfOp().indexOf(variable);
                return last ? new Range(source, at, at + 1, (int) arguments[0]) : null;
            }
            return op.getOp().opName().equals("concat") && isAlongLastAxis(op) ? joined(GraphOrder.inputs(op)) : null;
        }

        private Range joined(List<String> pieces) {
            Range all = null;
            for (String piece : pieces) {
                Range next = range(piece);
                if (next == null || all != null && !all.isFollowedBy(next)) {
                    return null;
                }
                all = all == null ? next : new Range(all.source(), all.from(), next.to(), all.of());
            }
            return all;
        }

        private static boolean isAlongLastAxis(SameDiffOp concat) {
            long[] arguments = ((DynamicCustomOp) concat.getOp()).iArgs();
            return arguments.length == 1 && arguments[0] == RANK - 1;
        }

        private boolean isFloat(String variable) {
            return graph.getVariable(variable).dataType() == DataType.FLOAT;
        }
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        Sizes sizes = new Sizes(in.get(0).length(), in.get(3));
        return List.of(new long[] {sizes.batch, sizes.heads, sizes.length, sizes.size});
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of((in, out) -> new Turn(in.get(0).length(), in, factor).forward(in.get(0), out.get(0)));
    }

    @Override
    void differentiate(RuleContext c) {
        if (c.needs(0)) {
            SDVariable dx =
                    new Backward(factor, c.graph(), c.gradient(), c.input(1), c.input(2), c.input(3)).outputVariable();
            c.pass(0, c.like(dx, 0));
        }
    }

    /** Inputs dy, cosines, sines and sizes; the output is dx, in the shape of the sizes. */
    private static final class Backward extends FusedOp {

        private final float factor;

        Backward(float factor, SameDiff graph, SDVariable... inputs) {
            super(1, graph, inputs);
            this.factor = factor;
        }

        @Override
        public String opName() {
            return "lora4j_turned_heads_bp";
        }

        @Override
        public Backward copied() {
            return new Backward(factor, null);
        }

        @Override
        List<long[]> shapes(List<INDArray> in) {
            Sizes sizes = new Sizes(in.get(0).length(), in.get(3));
            return List.of(new long[] {sizes.batch, sizes.length, sizes.heads, sizes.size});
        }

        @Override
        Kernel kernel(Multiplier multiplier) {
            return Kernel.of((in, out) -> new Turn(in.get(0).length(), in, factor).backward(in.get(0), out.get(0)));
        }
    }

    /** What the sizes say of an array, one of which may be -1. */
    private static final class Sizes {

        private final int batch;
        private final int length;
        private final int heads;
        private final int size;

        Sizes(long values, INDArray sizes) {
            long[] found = new View(null, "", null).shapeOf(values, sizes);
            this.batch = Math.toIntExact(found[0]);
            this.length = Math.toIntExact(found[1]);
            this.heads = Math.toIntExact(found[2]);
            this.size = Math.toIntExact(found[3]);
        }
    }

    /** The work on one batch. */
    private static final class Turn {

        private final Sizes sizes;
        private final DenseArray cosines;
        private final DenseArray sines;
        private final int half;
        private final boolean perExample;
        private final int headsTurned;
        private final float factor;

        Turn(long values, List<INDArray> in, float factor) {
            this.sizes = new Sizes(values, in.get(3));
            this.cosines = DenseArray.rowMajor(in.get(1));
            this.sines = DenseArray.rowMajor(in.get(2));
            this.half = cosines.width();
            this.perExample = in.get(1).size(0) > 1;
            this.headsTurned = Math.toIntExact(in.get(1).size(1));
            this.factor = factor;
        }

        void forward(INDArray x, INDArray out) {
            run(DenseArray.rowMajor(x), DenseArray.toBeWritten(out), true);
        }

        void backward(INDArray dy, INDArray out) {
            run(DenseArray.toBeWritten(out), DenseArray.rowMajor(dy), false);
        }

        private void run(DenseArray tokens, DenseArray heads, boolean forward) {
            int width = sizes.heads * sizes.size;
            Blocks.run(tokens.length(), width, (block, from, length) -> {
                float[] rows = ThreadArrays.array(0, length);
                if (forward) {
                    tokens.read(from, rows, length);
                }
                int end = (int) ((from + length) / width);
                int next;
                for (int token = (int) (from / width); token < end; token = next) {
                    // Positions of one example.
                    next = Math.min(end, (token / sizes.length + 1) * sizes.length);
                    for (int head = 0; head < sizes.heads; head++) {
                        turn(rows, token - (int) (from / width), token, next - token, head, heads, forward);
                    }
                }
                if (!forward) {
                    tokens.write(from, rows, length);
                }
            });
            (forward ? heads : tokens).flush();
            List.of(tokens, heads, cosines, sines).forEach(DenseArray::close);
        }

        // HotSpot makes vector code of a loop over arrays that are all read at one index, so pieces are put so before.
        private void turn(
                float[] rows, int firstRow, int token, int count, int head, DenseArray heads, boolean forward) {
            int example = token / sizes.length;
            int position = token % sizes.length;
            long inHeads = (((long) example * sizes.heads + head) * sizes.length + position) * sizes.size;
            int turned = count * half;
            float[] a = ThreadArrays.array(1, turned);
            float[] b = ThreadArrays.array(2, turned);
            float[] c = ThreadArrays.array(3, turned);
            float[] s = ThreadArrays.array(4, turned);
            float[] own = ThreadArrays.array(5, count * sizes.size);
            long angles =
                    ((long) (perExample ? example : 0) * headsTurned + (headsTurned > 1 ? head : 0)) * sizes.length
                            + position;
            cosines.read(angles * half, c, turned);
            sines.read(angles * half, s, turned);
            RowLoops.multiply(c, 0, turned, factor);
            RowLoops.multiply(s, 0, turned, forward ? factor : -factor);
            if (!forward) {
                heads.read(inHeads, own, count * sizes.size);
            }
            float[] source = forward ? rows : own;
            float[] target = forward ? own : rows;
            int width = sizes.heads * sizes.size;
            for (int i = 0; i < count; i++) {
                int at = forward ? (firstRow + i) * width + head * sizes.size : i * sizes.size;
                System.arraycopy(source, at, a, i * half, half);
                System.arraycopy(source, at + half, b, i * half, half);
            }
            turn(a, b, c, s, turned);
            for (int i = 0; i < count; i++) {
                int inRow = (firstRow + i) * width + head * sizes.size;
                int from = forward ? inRow : i * sizes.size;
                int to = forward ? i * sizes.size : inRow;
                System.arraycopy(a, i * half, target, to, half);
                System.arraycopy(b, i * half, target, to + half, half);
                for (int rest = 2 * half; rest < sizes.size; rest++) {
                    target[to + rest] = factor * source[from + rest];
                }
            }
            if (forward) {
                heads.write(inHeads, own, count * sizes.size);
            }
        }

        private static void turn(float[] a, float[] b, float[] c, float[] s, int n) {
            for (int i = 0; i < n; i++) {
                float first = a[i];
                float second = b[i];
                a[i] = first * c[i] - second * s[i];
                b[i] = second * c[i] + first * s[i];
            }
        }
    }
}
