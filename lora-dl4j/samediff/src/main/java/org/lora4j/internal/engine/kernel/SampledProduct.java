/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Single numbers of a product {@code X^T G}, such as the gradient of a weight of which few values learn: the others are not
 * computed. Each is the product of a column of X and a column of G.
 *
 * <p>Columns are gathered for {@value #ROWS} rows at a time, so that those of a layer fit the second-level cache. Where too many
 * numbers are asked for, the whole product is computed, and they are taken from it.
 */
final class SampledProduct extends FusedOp {

    /** Short vectors would be read faster than they are added up; a constant, so that HotSpot makes vector code. */
    private static final int ROWS = 512;

    private static final int QUARTER = ROWS / 4;
    /** Rows whose columns are gathered from the cache. */
    private static final int STRIP = 64;
    /** Columns that are written in turns. */
    private static final int TOGETHER = 8;
    /** Time of one multiplication here, and of gathering a value, by that of a multiplication in a product of matrices. */
    private static final long SINGLE = 12;

    private static final long GATHERED = 26;

    /** Inputs X, G and the places of the numbers in the product as rows one after the other. */
    private SampledProduct(SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
    }

    @Override
    public String opName() {
        return "lora4j_sampled_product";
    }

    @Override
    public SampledProduct copied() {
        return new SampledProduct(null);
    }

    /** The rewrite of each, by the name of the op that gives its result. */
    static Map<String, OpRewrite> find(SameDiff graph, LiveOps live) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            SameDiffOp product = live.contains(op) ? sampled(graph, live, op) : null;
            if (product != null) {
                String places = GraphOrder.inputs(op).get(1);
                found.put(op.getName(), context -> {
                    SameDiff target = context.graph();
                    List<String> in = GraphOrder.inputs(product);
                    return List.of(new SampledProduct(
                                    target,
                                    target.getVariable(in.get(0)),
                                    target.getVariable(in.get(1)),
                                    target.getVariable(places))
                            .outputVariable());
                });
            }
        }
        return found;
    }

    /** The product that rows of one number are taken of, and nothing else. */
    private static SameDiffOp sampled(SameDiff graph, LiveOps live, SameDiffOp gather) {
        List<String> in = GraphOrder.inputs(gather);
        if (!gather.getOp().opName().equals("gather")
                || in.size() != 2
                || ((DynamicCustomOp) gather.getOp()).iArgs()[0] != 0
                || graph.getVariable(in.get(1)).dataType() != DataType.INT32) {
            return null;
        }
        SameDiffOp reshape = live.producer(in.get(0), "reshape");
        if (reshape == null
                || !ViewProducts.isReshape(reshape)
                || !isColumn(graph, live, reshape)
                || live.onlyReader(in.get(0)) == null) {
            return null;
        }
        String matrix = GraphOrder.inputs(reshape).get(0);
        SameDiffOp product = live.producer(matrix, "matmul");
        if (product == null || live.onlyReader(matrix) == null) {
            return null;
        }
        DynamicCustomOp op = (DynamicCustomOp) product.getOp();
        boolean floats = GraphOrder.inputs(product).stream()
                .allMatch(input -> graph.getVariable(input).dataType() == DataType.FLOAT);
        return floats
                        && MatmulAttributes.isPlain(op)
                        && MatmulAttributes.transposes(op, 0)
                        && !MatmulAttributes.transposes(op, 1)
                ? product
                : null;
    }

    /** Whether an array is made one of rows of one number: like an array of zeros to which numbers were added. */
    private static boolean isColumn(SameDiff graph, LiveOps live, SameDiffOp reshape) {
        List<String> in = GraphOrder.inputs(reshape);
        SameDiffOp shape = in.size() < 2 ? null : live.producer(in.get(1), "shape_of");
        SameDiffOp scatter =
                shape == null ? null : live.producer(GraphOrder.inputs(shape).get(0), "scatter_add");
        INDArray into = scatter == null
                ? null
                : graph.getVariable(GraphOrder.inputs(scatter).get(0)).getArr();
        return into != null && into.rank() == 2 && into.size(1) == 1;
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(new long[] {in.get(2).length(), 1});
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of((in, out) -> {
            INDArray x = in.get(0);
            INDArray g = in.get(1);
            long multiplications = x.rows() * x.size(1) * g.size(1);
            long columns = x.size(1) + g.size(1);
            boolean few = tiles(x) * ROWS * (SINGLE * in.get(2).length() + GATHERED * columns) < multiplications;
            if (few) {
                sampled(x, g, in.get(2), out.get(0));
            } else {
                try (INDArray product = Nd4j.createUninitialized(DataType.FLOAT, x.size(1), g.size(1))) {
                    multiplier.multiply(
                            new Product(1, new Factor(x, true, false), new Factor(g, false, false), true), product, 0);
                    ScatterKernels.take(List.of(product, in.get(2)), out);
                }
            }
        });
    }

    private static int tiles(INDArray x) {
        return (x.rows() + ROWS - 1) / ROWS;
    }

    private static void sampled(INDArray x, INDArray g, INDArray at, INDArray out) {
        int[] places = at.dup('c').data().asInt();
        float[][] parts = new float[tiles(x)][places.length];
        try (DenseArray left = DenseArray.rowMajor(x);
                DenseArray right = DenseArray.rowMajor(g)) {
            Blocks.each(parts.length, tile -> {
                float[][] columns = ThreadArrays.arrays(left.width() + right.width(), ROWS);
                gather(left, tile, columns, 0);
                gather(right, tile, columns, left.width());
                multiply(columns, left.width(), right.width(), places, parts[tile]);
            });
        }
        for (int tile = 1; tile < parts.length; tile++) {
            RowLoops.add(parts[tile], parts[0], places.length);
        }
        try (DenseArray result = DenseArray.toBeWritten(out)) {
            result.write(0L, parts[0], places.length);
            result.flush();
        }
    }

    /** The columns of some rows; where there are no more rows, zeros. */
    private static void gather(DenseArray matrix, int tile, float[][] columns, int first) {
        int width = matrix.width();
        int from = tile * ROWS;
        int rows = (int) Math.min(ROWS, matrix.length() / width - from);
        float[] strip = ThreadArrays.array(0, STRIP * width);
        for (int row = 0; row < rows; row += STRIP) {
            int count = Math.min(STRIP, rows - row);
            matrix.read((long) (from + row) * width, strip, count * width);
            int column = 0;
            for (; column + TOGETHER <= width; column += TOGETHER) {
                turn(strip, width, column, columns, first + column, row, count);
            }
            for (; column < width; column++) {
                for (int i = 0; i < count; i++) {
                    columns[first + column][row + i] = strip[i * width + column];
                }
            }
        }
        for (int column = 0; column < width && rows < ROWS; column++) {
            Arrays.fill(columns[first + column], rows, ROWS, 0);
        }
    }

    private static void turn(float[] strip, int width, int at, float[][] columns, int column, int row, int count) {
        float[] a = columns[column];
        float[] b = columns[column + 1];
        float[] c = columns[column + 2];
        float[] d = columns[column + 3];
        float[] e = columns[column + 4];
        float[] f = columns[column + 5];
        float[] g = columns[column + 6];
        float[] h = columns[column + 7];
        for (int i = row, k = at; i < row + count; i++, k += width) {
            a[i] = strip[k];
            b[i] = strip[k + 1];
            c[i] = strip[k + 2];
            d[i] = strip[k + 3];
            e[i] = strip[k + 4];
            f[i] = strip[k + 5];
            g[i] = strip[k + 6];
            h[i] = strip[k + 7];
        }
    }

    private static void multiply(float[][] columns, int left, int right, int[] places, float[] into) {
        float[] products = ThreadArrays.array(1, QUARTER);
        for (int i = 0; i < places.length; i++) {
            quarters(columns[places[i] / right], columns[left + places[i] % right], products);
            into[i] = RowLoops.sum(products, 0, QUARTER);
        }
    }

    private static void quarters(float[] x, float[] y, float[] into) {
        for (int i = 0; i < QUARTER; i++) {
            into[i] = x[i] * y[i]
                    + x[i + QUARTER] * y[i + QUARTER]
                    + x[i + 2 * QUARTER] * y[i + 2 * QUARTER]
                    + x[i + 3 * QUARTER] * y[i + 3 * QUARTER];
        }
    }
}
