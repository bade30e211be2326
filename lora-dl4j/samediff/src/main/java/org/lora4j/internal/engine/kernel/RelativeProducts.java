/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Region;
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
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Products of queries, or keys, with a row for each distance, at the places of their scores: for each head of each example entry {@code
 * [i, j]} is {@code x[i] r[j - i + length - 1]'}, perhaps with i and j exchanged. A graph spells it as a lookup of the rows for each
 * example, a product with all of them, and two cuts that put the products in their places (He et al. 2021, <i>DeBERTa</i>,
 * arXiv:2006.03654, whose code gathers them).
 *
 * <p>The rows are not copied for each example: all tokens of a head are multiplied with them at once. The backward pass adds up the
 * gradient of a row over all examples in the product.
 */
final class RelativeProducts extends FusedOp {

    private static final int X = 0;
    private static final int ROWS = 1;
    private static final int INDEX = 2;
    private static final int SQUARE = 3;
    private static final int OF_VIEW = 4;
    private static final int RANK = 4;
    private static final int[] BY_HEADS = {0, 2, 1, 3};
    private static final int[] EXCHANGED = {0, 1, 3, 2};

    /**
     * How it lies.
     *
     * @param x view of queries or keys, {@code [batch, heads, length, size]}
     * @param exchanged whether rows and columns of the result are
     */
    private record Spec(View x, boolean exchanged) {

        INDArray x(INDArray array, List<INDArray> in) {
            return x.of(array, x.shapeVariable() == null ? null : in.get(OF_VIEW));
        }
    }

    private final Spec spec;

    /** Inputs: what the view is of, rows, their indices for each example, the shape of the result, and the shape of the view. */
    private RelativeProducts(Spec spec, SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
        this.spec = spec;
    }

    @Override
    public String opName() {
        return "lora4j_relative_products";
    }

    @Override
    public RelativeProducts copied() {
        return new RelativeProducts(spec, null);
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(SQUARE).toLongVector());
    }

    @Override
    long multiplications(List<long[]> in, List<long[]> out) {
        return length(in.get(X)) * in.get(INDEX)[1];
    }

    private static long length(long[] shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of((in, out) -> {
            DenseArray to = DenseArray.toBeWritten(out.get(0));
            for (Part part : Part.of(spec, in)) {
                part.eachHead((head, products) -> {
                    multiplier.multiply(plain(part.x(head)), transposed(part.rows(head)), products, 0);
                    part.place(head, products, to, spec.exchanged());
                });
            }
            to.flush();
            to.close();
        });
    }

    @Override
    void differentiate(RuleContext c) {
        boolean[] wanted = {c.needs(X), c.needs(ROWS)};
        SDVariable[] inputs = new SDVariable[c.inputCount() + 1];
        for (int i = 0; i < c.inputCount(); i++) {
            inputs[i] = c.input(i);
        }
        inputs[c.inputCount()] = c.gradient();
        SDVariable[] gradients = new Backward(spec, wanted, c.graph(), inputs).outputVariables();
        int at = 0;
        for (int which : new int[] {X, ROWS}) {
            if (wanted[which]) {
                c.pass(which, gradients[at++]);
            }
        }
    }

    /** Inputs as forward and the gradient of the result; outputs the gradients of x and of the rows that are wanted. */
    private static final class Backward extends FusedOp {

        private final Spec spec;
        private final boolean[] wanted;

        Backward(Spec spec, boolean[] wanted, SameDiff graph, SDVariable... inputs) {
            super((wanted[X] ? 1 : 0) + (wanted[ROWS] ? 1 : 0), graph, inputs);
            this.spec = spec;
            this.wanted = wanted;
        }

        @Override
        public String opName() {
            return "lora4j_relative_products_bp";
        }

        @Override
        public Backward copied() {
            return new Backward(spec, wanted, null);
        }

        @Override
        List<long[]> shapes(List<INDArray> in) {
            return Stream.of(X, ROWS)
                    .filter(which -> wanted[which])
                    .map(which -> in.get(which).shape())
                    .toList();
        }

        @Override
        long multiplications(List<long[]> in, List<long[]> out) {
            return getNumOutputs() * length(in.get(X)) * in.get(INDEX)[1];
        }

        @Override
        Kernel kernel(Multiplier multiplier) {
            return Kernel.of((in, out) -> {
                INDArray ofX = wanted[X] ? out.get(0) : null;
                INDArray ofRows = wanted[ROWS] ? out.get(out.size() - 1) : null;
                List<Part> parts = Part.of(spec, in);
                boolean whole = parts.size() == 1 && parts.get(0).takesAll(in.get(ROWS));
                if (ofRows != null && !whole) {
                    ofRows.assign(0);
                }
                DenseArray from = DenseArray.rowMajor(in.get(in.size() - 1));
                for (Part part : parts) {
                    INDArray all = ofX == null ? null : part.all(spec.x(ofX, in));
                    INDArray own = ofRows == null || whole ? ofRows : part.ownRows();
                    part.eachHead((head, products) -> {
                        part.spread(head, from, products, spec.exchanged());
                        if (ofX != null) {
                            multiplier.multiply(plain(products), plain(part.rows(head)), part.of(head, all), 0);
                        }
                        if (ofRows != null) {
                            Product product = new Product(1, transposed(products), plain(part.x(head)), true);
                            multiplier.multiply(product, part.of(head, own), 0);
                        }
                    });
                    if (ofX != null) {
                        part.put(all, spec.x(ofX, in));
                    }
                    if (ofRows != null && !whole) {
                        part.add(own, ofRows);
                    }
                }
                from.close();
            });
        }
    }

    private static Factor plain(INDArray array) {
        return new Factor(array, false, false);
    }

    private static Factor transposed(INDArray array) {
        return new Factor(array, true, false);
    }

    /** Examples that take the same rows: all of them, unless their indices differ. */
    private static final class Part {

        private final int first;
        private final int examples;
        private final int heads;
        private final int length;
        private final int size;
        private final int[] index;
        /** {@code [examples * length, heads * size]}. */
        private final INDArray x;
        /** {@code [distances, heads * size]}. */
        private final INDArray rows;

        /** Work on one head, with memory for the products of its tokens with all rows. */
        private interface OfHead {
            void run(int head, INDArray products);
        }

        private Part(int first, int examples, INDArray byHeads, INDArray table, int[] index) {
            this.first = first;
            this.examples = examples;
            this.heads = (int) byHeads.size(1);
            this.length = (int) byHeads.size(2);
            this.size = (int) byHeads.size(3);
            this.index = index;
            this.x = all(byHeads);
            this.rows = isPrefix() ? table : Nd4j.pullRows(table.dup('c'), 1, index);
        }

        static List<Part> of(Spec spec, List<INDArray> in) {
            INDArray byHeads = spec.x(in.get(X), in);
            int[][] indices = in.get(INDEX).toIntMatrix();
            boolean same = Arrays.stream(indices).allMatch(row -> Arrays.equals(row, indices[0]));
            List<Part> parts = new ArrayList<>();
            for (int i = 0; i < (same ? 1 : indices.length); i++) {
                parts.add(new Part(i, same ? indices.length : 1, byHeads, in.get(ROWS), indices[i]));
            }
            return parts;
        }

        private boolean isPrefix() {
            for (int i = 0; i < index.length; i++) {
                if (index[i] != i) {
                    return false;
                }
            }
            return true;
        }

        /** Whether it takes every row of a table, in its order. */
        boolean takesAll(INDArray table) {
            return isPrefix() && index.length == table.size(0) && DenseArray.isRowMajor(table);
        }

        /** Its examples of {@code [batch, heads, length, size]}. */
        private INDArray some(INDArray byHeads) {
            return examples == byHeads.size(0)
                    ? byHeads
                    : byHeads.get(
                            NDArrayIndex.interval(first, first + examples),
                            NDArrayIndex.all(),
                            NDArrayIndex.all(),
                            NDArrayIndex.all());
        }

        /** All tokens below each other, each with all its heads: no copy where they lie so. */
        INDArray all(INDArray byHeads) {
            return some(byHeads).permute(BY_HEADS).reshape('c', (long) examples * length, (long) heads * size);
        }

        /** What {@link #all} gave, after it was written to, back to where it is from. */
        void put(INDArray all, INDArray byHeads) {
            INDArray some = some(byHeads);
            boolean isView = Region.toEndOfBuffer(all).address()
                    == Region.toEndOfBuffer(some).address();
            if (!isView) {
                some.assign(all.reshape('c', examples, length, heads, size).permute(BY_HEADS));
            }
        }

        /** A head's columns. */
        INDArray of(int head, INDArray all) {
            long from = (long) head * size;
            return all.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + size));
        }

        INDArray x(int head) {
            return of(head, x);
        }

        INDArray rows(int head) {
            long from = (long) head * size;
            return rows.get(NDArrayIndex.interval(0, index.length), NDArrayIndex.interval(from, from + size));
        }

        /** For the gradient of the rows that are taken. */
        INDArray ownRows() {
            return Nd4j.createUninitialized(DataType.FLOAT, new long[] {index.length, (long) heads * size}, 'c');
        }

        /** Adds the gradient of the rows that were taken to that of all rows. */
        void add(INDArray own, INDArray all) {
            for (int i = 0; i < index.length; i++) {
                all.getRow(index[i]).addi(own.getRow(i));
            }
            own.close();
        }

        /** One head after the other, so that its products stay in the cache. */
        void eachHead(OfHead work) {
            try (INDArray products = Nd4j.createUninitialized(
                    DataType.FLOAT, new long[] {(long) examples * length, index.length}, 'c')) {
                for (int head = 0; head < heads; head++) {
                    work.run(head, products);
                }
            }
        }

        /** Of the products of a head's tokens, read one after the other, those that belong to places. */
        void place(int head, INDArray products, DenseArray to, boolean exchanged) {
            DenseArray from = DenseArray.rowMajor(products);
            int square = length * length;
            eachExample(head, (slab, place) -> {
                float[] all = ThreadArrays.array(0, length * index.length);
                float[] placed = ThreadArrays.array(1, square);
                from.read(slab, all, length * index.length);
                for (int i = 0; i < length; i++) {
                    int start = start(i);
                    if (exchanged) {
                        for (int j = 0; j < length; j++) {
                            placed[j * length + i] = all[start + j];
                        }
                    } else {
                        System.arraycopy(all, start, placed, i * length, length);
                    }
                }
                to.write(place, placed, square);
            });
            from.close();
        }

        /** The other way round: what belongs to no place becomes zero. */
        void spread(int head, DenseArray from, INDArray products, boolean exchanged) {
            DenseArray to = DenseArray.toBeWritten(products);
            int square = length * length;
            eachExample(head, (slab, place) -> {
                float[] placed = ThreadArrays.array(0, square);
                float[] all = ThreadArrays.array(1, length * index.length);
                from.read(place, placed, square);
                Arrays.fill(all, 0, length * index.length, 0);
                for (int i = 0; i < length; i++) {
                    int start = start(i);
                    if (exchanged) {
                        for (int j = 0; j < length; j++) {
                            all[start + j] = placed[j * length + i];
                        }
                    } else {
                        System.arraycopy(placed, i * length, all, start, length);
                    }
                }
                to.write(slab, all, length * index.length);
            });
            to.flush();
            to.close();
        }

        /** Where the products of a token's row begin that have a place, among those of its example. */
        private int start(int token) {
            return length - 1 + token * (2 * length - 1);
        }

        /** Work on what one head of one example has: its products, and its places. */
        private interface OfExample {
            void run(long slab, long place);
        }

        private void eachExample(int head, OfExample work) {
            Blocks.each(
                    examples,
                    example -> work.run(
                            (long) example * length * index.length,
                            ((long) (first + example) * heads + head) * length * length));
        }
    }

    /** The rewrite of each, by the name of the op that gives its result. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live) {
        Finder finder = new Finder(graph, shapes, live);
        for (SameDiffOp op : graph.getOps().values()) {
            if (live.contains(op) && op.getOp().opName().equals("slice")) {
                finder.match(op);
            }
        }
        return finder.found;
    }

    /** Looks for the pattern, from its last cut back. */
    private static final class Finder {

        private final SameDiff graph;
        private final Shapes shapes;
        private final LiveOps live;
        private final ViewProducts views;
        private final Map<String, OpRewrite> found = new LinkedHashMap<>();

        Finder(SameDiff graph, Shapes shapes, LiveOps live) {
            this.graph = graph;
            this.shapes = shapes;
            this.live = live;
            this.views = new ViewProducts(graph, live);
        }

        void match(SameDiffOp cut) {
            List<String> square = sizes(cut, 2, RANK);
            if (square == null || !isLastCut(cut, square)) {
                return;
            }
            SameDiffOp steps = before(cut, "reshape");
            SameDiffOp first = steps == null ? null : before(steps, "slice");
            SameDiffOp flat = first == null ? null : before(first, "reshape");
            SameDiffOp product = flat == null ? null : before(flat, "matmul");
            if (product == null
                    || !isOfSquare(steps, first, flat, square)
                    || !MatmulAttributes.isPlain((DynamicCustomOp) product.getOp())
                    || MatmulAttributes.transposes((DynamicCustomOp) product.getOp(), 0)
                    || !MatmulAttributes.transposes((DynamicCustomOp) product.getOp(), 1)) {
                return;
            }
            SameDiffOp lookup = lookup(GraphOrder.inputs(product).get(1), square);
            ViewProducts.Operand x = views.operand(GraphOrder.inputs(product).get(0));
            if (lookup == null || !isFloat(x.variable())) {
                return;
            }
            SameDiffOp exchange = live.onlyReader(cut.getOutputsOfOp().get(0));
            boolean exchanged = exchange != null
                    && exchange.getOp().opName().equals("permute")
                    && Arrays.equals(ViewProducts.order(exchange), EXCHANGED);
            Spec spec = new Spec(x.view(), exchanged);
            List<String> inputs = new ArrayList<>(List.of(x.variable()));
            inputs.addAll(GraphOrder.inputs(lookup));
            inputs.add(GraphOrder.inputs(cut).get(2));
            found.put((exchanged ? exchange : cut).getName(), rewritten -> {
                SameDiff target = rewritten.graph();
                return List.of(new RelativeProducts(
                                spec,
                                target,
                                Stream.concat(
                                                inputs.stream().map(target::getVariable),
                                                spec.x().inputs(target).stream())
                                        .toArray(SDVariable[]::new))
                        .outputVariable());
            });
        }

        /** It begins at the first of everything, and gives {@code [batch, heads, length, length]}. */
        private boolean isLastCut(SameDiffOp cut, List<String> square) {
            String result = cut.getOutputsOfOp().get(0);
            return isFloat(result)
                    && shapes.knows(result)
                    && shapes.rank(result) == RANK
                    && square.get(2).equals(square.get(3))
                    && List.of("=0", "=0", "=0", "=0").equals(sizes(cut, 1, RANK));
        }

        /** Of {@code length (2 length - 1)} products behind the first {@code length - 1}, the first {@code length} of each. */
        private boolean isOfSquare(SameDiffOp steps, SameDiffOp first, SameDiffOp flat, List<String> square) {
            String length = square.get(2);
            List<String> rows = new ArrayList<>(square.subList(0, 3));
            rows.add("=-1");
            List<String> all = new ArrayList<>(square.subList(0, 2));
            all.add("=-1");
            List<String> begin = sizes(first, 1, 3);
            List<String> extent = sizes(first, 2, 3);
            return ViewProducts.isReshape(steps)
                    && ViewProducts.isReshape(flat)
                    && rows.equals(sizes(steps, 1, RANK))
                    && all.equals(sizes(flat, 1, 3))
                    && begin != null
                    && begin.subList(0, 2).equals(List.of("=0", "=0"))
                    && isLess(begin.get(2), length)
                    && extent != null
                    && extent.subList(0, 2).equals(square.subList(0, 2))
                    && isLengthTimesDistances(extent.get(2), length);
        }

        /** Whether a variable is another one less 1. */
        private boolean isLess(String variable, String than) {
            SameDiffOp op = live.producer(variable);
            return op != null
                    && Ops.isScalar(op, "sub_scalar")
                    && Ops.scalar(op) == 1
                    && GraphOrder.inputs(op).get(0).equals(than);
        }

        private boolean isLengthTimesDistances(String variable, String length) {
            SameDiffOp op = live.producer(variable, "multiply");
            if (op == null || !GraphOrder.inputs(op).get(0).equals(length)) {
                return false;
            }
            String distances = GraphOrder.inputs(op).get(1);
            SameDiffOp less = live.producer(distances, "sub_scalar");
            SameDiffOp twice =
                    less == null ? null : live.producer(GraphOrder.inputs(less).get(0), "mul_scalar");
            return twice != null
                    && isLess(distances, twice.getOutputsOfOp().get(0))
                    && Ops.isScalar(twice, "mul_scalar")
                    && Ops.scalar(twice) == 2
                    && GraphOrder.inputs(twice).get(0).equals(length);
        }

        /** The lookup of rows, {@code [batch, distances, heads * size]}, that are seen as {@code [batch, heads, distances, size]}. */
        private SameDiffOp lookup(String byHeads, List<String> square) {
            SameDiffOp permute = live.producer(byHeads, "permute");
            SameDiffOp reshape = permute == null || !Arrays.equals(ViewProducts.order(permute), BY_HEADS)
                    ? null
                    : live.producer(GraphOrder.inputs(permute).get(0), "reshape");
            List<String> split = reshape == null || !ViewProducts.isReshape(reshape) ? null : sizes(reshape, 1, RANK);
            if (split == null
                    || !split.get(0).equals(square.get(0))
                    || !split.get(1).equals("=-1")) {
                return null;
            }
            SameDiffOp lookup = live.producer(GraphOrder.inputs(reshape).get(0), "gather");
            return lookup != null && isOfRows(lookup) ? lookup : null;
        }

        private boolean isOfRows(SameDiffOp lookup) {
            List<String> inputs = GraphOrder.inputs(lookup);
            long[] axis = ((DynamicCustomOp) lookup.getOp()).iArgs();
            return inputs.size() == 2
                    && (axis.length == 0 || axis[0] == 0)
                    && isFloat(inputs.get(0))
                    && graph.getVariable(inputs.get(1)).dataType() == DataType.INT32
                    && inputs.stream().allMatch(input -> shapes.knows(input) && shapes.rank(input) == 2);
        }

        /** The op of a name whose result nothing but another op reads, as its first input. */
        private SameDiffOp before(SameDiffOp op, String name) {
            String input = GraphOrder.inputs(op).get(0);
            return live.onlyReader(input) == null ? null : live.producer(input, name);
        }

        /** An input as sizes: a number behind {@code =}, or the variable of one; null if there are not so many. */
        private List<String> sizes(SameDiffOp op, int input, int count) {
            List<String> inputs = GraphOrder.inputs(op);
            if (inputs.size() <= input) {
                return null;
            }
            List<String> sizes = new ArrayList<>();
            SameDiffOp concat = live.producer(inputs.get(input), "concat");
            List<String> parts = concat == null ? List.of(inputs.get(input)) : GraphOrder.inputs(concat);
            for (String part : parts) {
                SDVariable variable = graph.getVariable(part);
                if (variable.getVariableType() == VariableType.CONSTANT) {
                    for (long value : variable.getArr().toLongVector()) {
                        sizes.add("=" + value);
                    }
                } else {
                    sizes.add(part);
                }
            }
            return sizes.size() == count ? sizes : null;
        }

        private boolean isFloat(String variable) {
            return graph.getVariable(variable).dataType() == DataType.FLOAT;
        }
    }
}
