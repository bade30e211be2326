/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayList;
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
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseReduceOp;

/**
 * Rows over the root of the mean of their squares, times gains: {@code y = g x s} with {@code s = 1 / sqrt(mean(x^2) + eps)}; or
 * the same of {@code x - mean(x)}, which is layer normalization with an epsilon, where ND4J's own has none. Either may end with
 * biases that are added. With dn = g dy and n = x s: dx = s (dn - n mean(dn n)), less the mean of it if the means were taken off,
 * dg = sum(dy n), db = sum(dy). As ops these are six to nine passes over memory, and more backwards.
 *
 * <p>Sources: Zhang and Sennrich 2019, <i>Root mean square layer normalization</i>, arXiv:1910.07467; Ba, Kiros and Hinton
 * 2016, <i>Layer normalization</i>, arXiv:1607.06450.
 */
final class RowNorm extends FusedOp {

    private final Form form;

    /**
     * What is computed.
     *
     * @param epsilon added to the mean of the squares
     * @param centered whether the mean of a row is taken off before
     */
    private record Form(float epsilon, boolean centered) {

        /** Makes a row what is multiplied by the gains. Returns what it was multiplied by. */
        float normalize(float[] x, int row, int width) {
            if (centered) {
                RowLoops.add(x, row, width, -(RowLoops.sum(x, row, width) / width));
            }
            float scale = (float) (1 / Math.sqrt(RowLoops.dot(x, x, row, width) / width + epsilon));
            RowLoops.multiply(x, row, width, scale);
            return scale;
        }
    }

    /** Inputs x, gains and perhaps biases. */
    private RowNorm(Form form, SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
        this.form = form;
    }

    @Override
    public String opName() {
        return "lora4j_row_norm";
    }

    @Override
    public RowNorm copied() {
        return new RowNorm(form, null);
    }

    /** The rewrite of each such norm, by the name of its last op. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            if (live.contains(op) && op.getOp().opName().equals("multiply")) {
                match(graph, shapes, live, op, found);
            }
        }
        return found;
    }

    private static void match(
            SameDiff graph, Shapes shapes, LiveOps live, SameDiffOp product, Map<String, OpRewrite> found) {
        for (int i = 0; i < 2; i++) {
            String normalized = GraphOrder.inputs(product).get(i);
            String gains = GraphOrder.inputs(product).get(1 - i);
            SameDiffOp quotient = live.producer(normalized, "divide");
            SameDiffOp root = quotient == null ? null : live.producer(input(quotient, 1), "sqrt");
            SameDiffOp shifted = root == null ? null : live.producer(input(root, 0), "add_scalar");
            SameDiffOp mean = shifted == null ? null : live.producer(input(shifted, 0), "reduce_mean");
            SameDiffOp square = mean == null ? null : live.producer(input(mean, 0), "square");
            if (square != null
                    && input(square, 0).equals(input(quotient, 0))
                    && Ops.isScalar(shifted, "add_scalar")
                    && isOfRows(mean, shapes.rank(normalized))
                    && isFloat(graph, normalized, gains)
                    && isForRows(shapes, gains, normalized)) {
                String x = input(quotient, 0);
                String whole = whole(shapes, live, x);
                Form form = new Form((float) Ops.scalar(shifted), !whole.equals(x));
                SameDiffOp sum = live.onlyReader(product.getOutputsOfOp().get(0));
                String biases = sum == null ? "" : biases(graph, shapes, sum, product);
                List<String> inputs = biases.isEmpty() ? List.of(whole, gains) : List.of(whole, gains, biases);
                found.put((biases.isEmpty() ? product : sum).getName(), context -> {
                    SDVariable[] in =
                            inputs.stream().map(context.graph()::getVariable).toArray(SDVariable[]::new);
                    return List.of(new RowNorm(form, context.graph(), in).outputVariable());
                });
                return;
            }
        }
    }

    /** What a variable was before the means of its rows were taken off; itself if they were not. */
    private static String whole(Shapes shapes, LiveOps live, String x) {
        SameDiffOp difference = live.producer(x, "subtract");
        SameDiffOp mean = difference == null ? null : live.producer(input(difference, 1), "reduce_mean");
        boolean centers = mean != null && input(mean, 0).equals(input(difference, 0)) && isOfRows(mean, shapes.rank(x));
        return centers ? input(difference, 0) : x;
    }

    /** What an op adds to each row of a product; empty if it does something else. */
    private static String biases(SameDiff graph, Shapes shapes, SameDiffOp sum, SameDiffOp product) {
        if (!sum.getOp().opName().equals("add")) {
            return "";
        }
        String rows = product.getOutputsOfOp().get(0);
        String other = input(sum, input(sum, 0).equals(rows) ? 1 : 0);
        return isFloat(graph, other) && isForRows(shapes, other, rows) ? other : "";
    }

    /** Whether a variable has one number for each column. */
    private static boolean isForRows(Shapes shapes, String vector, String rows) {
        return shapes.rank(vector) == 1 && shapes.broadcastDimensions(vector, rows).length == shapes.rank(rows) - 1;
    }

    private static String input(SameDiffOp op, int at) {
        return GraphOrder.inputs(op).get(at);
    }

    private static boolean isFloat(SameDiff graph, String... variables) {
        for (String variable : variables) {
            if (graph.getVariable(variable).dataType() != DataType.FLOAT) {
                return false;
            }
        }
        return true;
    }

    private static boolean isOfRows(SameDiffOp mean, int rank) {
        return GraphOrder.inputs(mean).size() == 1
                && mean.getOp() instanceof BaseReduceOp op
                && op.isKeepDims()
                && op.getDimensions() != null
                && op.getDimensions().length == 1
                // A negative one may mean all.
                && op.getDimensions()[0] == rank - 1;
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return DenseKernel.of(this::forward);
    }

    @Override
    void differentiate(RuleContext c) {
        boolean[] learns = new boolean[c.inputCount()];
        SDVariable[] in = new SDVariable[learns.length + 1];
        for (int i = 0; i < learns.length; i++) {
            learns[i] = i > 0 && c.needs(i);
            in[i] = c.input(i);
        }
        in[learns.length] = c.gradient();
        SDVariable[] gradients = new Backward(form, learns, c.graph(), in).outputVariables();
        if (c.needs(0)) {
            c.pass(0, gradients[0]);
        }
        int next = 1;
        for (int i = 1; i < learns.length; i++) {
            if (learns[i]) {
                c.pass(i, gradients[next++]);
            }
        }
    }

    private void forward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        int size = Blocks.size(in[0].length(), width);
        float[] gains = LayerNormKernels.repeated(in[1], size);
        float[] biases = in.length > 2 ? LayerNormKernels.repeated(in[2], size) : null;
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            in[0].read(from, x, length);
            for (int row = 0; row < length; row += width) {
                form.normalize(x, row, width);
            }
            RowLoops.multiply(gains, x, length);
            if (biases != null) {
                RowLoops.add(biases, x, length);
            }
            out[0].write(from, x, length);
        });
    }

    /** Inputs x, gains, perhaps biases, and dy; outputs dx and, if they learn, the gradients of gains and biases. */
    private static final class Backward extends FusedOp {

        private final Form form;
        private final boolean[] learns;

        Backward(Form form, boolean[] learns, SameDiff graph, SDVariable... inputs) {
            super(outputs(learns), graph, inputs);
            this.form = form;
            this.learns = learns;
        }

        private static int outputs(boolean[] learns) {
            int count = 1;
            for (boolean one : learns) {
                count += one ? 1 : 0;
            }
            return count;
        }

        @Override
        public String opName() {
            return "lora4j_row_norm_bp";
        }

        @Override
        public Backward copied() {
            return new Backward(form, learns, null);
        }

        @Override
        List<long[]> shapes(List<INDArray> in) {
            List<long[]> shapes = new ArrayList<>(List.of(in.get(0).shape()));
            for (int i = 1; i < learns.length; i++) {
                if (learns[i]) {
                    shapes.add(in.get(i).shape());
                }
            }
            return shapes;
        }

        @Override
        Kernel kernel(Multiplier multiplier) {
            return DenseKernel.of(this::run);
        }

        private void run(DenseArray[] in, DenseArray[] out) {
            int width = in[0].width();
            int blocks = Blocks.count(in[0].length(), width);
            float[] gains = LayerNormKernels.repeated(in[1], Blocks.size(in[0].length(), width));
            float[][] ofGains = learns[1] ? new float[blocks][width] : null;
            float[][] ofBiases = learns.length > 2 && learns[2] ? new float[blocks][width] : null;
            Blocks.run(in[0].length(), width, (block, from, length) -> {
                float[] x = ThreadArrays.array(0, length);
                float[] dy = ThreadArrays.array(1, length);
                in[0].read(from, x, length);
                in[in.length - 1].read(from, dy, length);
                float[] scales = ThreadArrays.array(3, length / width);
                for (int row = 0; row < length; row += width) {
                    scales[row / width] = form.normalize(x, row, width);
                }
                if (ofGains != null) {
                    float[] product = ThreadArrays.array(2, length);
                    System.arraycopy(dy, 0, product, 0, length);
                    RowLoops.multiply(x, product, length);
                    LayerNormKernels.addRows(product, length, width, ofGains[block]);
                }
                if (ofBiases != null) {
                    LayerNormKernels.addRows(dy, length, width, ofBiases[block]);
                }
                RowLoops.multiply(gains, dy, length);
                for (int row = 0; row < length; row += width) {
                    float along = RowLoops.dot(dy, x, row, width) / width;
                    float mean = form.centered() ? RowLoops.sum(dy, row, width) / width : 0;
                    float scale = scales[row / width];
                    for (int i = row; i < row + width; i++) {
                        dy[i] = (dy[i] - mean - x[i] * along) * scale;
                    }
                }
                out[0].write(from, dy, length);
            });
            int next = 1;
            for (float[][] sums : new float[][][] {ofGains, ofBiases}) {
                if (sums != null) {
                    LayerNormKernels.write(sums, out[next++]);
                }
            }
        }
    }
}
