/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

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
 * Rows over the root of the mean of their squares, times gains: {@code y = g x s} with {@code s = 1 / sqrt(mean(x^2) + eps)}.
 * With dn = g dy, dx = s (dn - x s^2 mean(dn x)) and dg = sum(dy x s). As ops these are six passes over memory, and more backwards.
 *
 * <p>Source: Zhang and Sennrich 2019, <i>Root mean square layer normalization</i>, arXiv:1910.07467.
 */
final class RmsNorm extends FusedOp {

    private final float epsilon;

    /** Inputs x and gains. */
    private RmsNorm(float epsilon, SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
        this.epsilon = epsilon;
    }

    @Override
    public String opName() {
        return "lora4j_rms_norm";
    }

    @Override
    public RmsNorm copied() {
        return new RmsNorm(epsilon, null);
    }

    /** The rewrite of each such product with gains, by the name of its op. */
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
                    && shapes.rank(gains) == 1
                    && shapes.broadcastDimensions(gains, normalized).length == shapes.rank(normalized) - 1) {
                String x = input(quotient, 0);
                float epsilon = (float) Ops.scalar(shifted);
                found.put(
                        product.getName(),
                        context -> List.of(new RmsNorm(
                                        epsilon,
                                        context.graph(),
                                        context.graph().getVariable(x),
                                        context.graph().getVariable(gains))
                                .outputVariable()));
                return;
            }
        }
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
        boolean ofGains = c.needs(1);
        SDVariable[] gradients =
                new Backward(epsilon, ofGains, c.graph(), c.input(0), c.input(1), c.gradient()).outputVariables();
        for (int i = 0; i < gradients.length; i++) {
            if (c.needs(i)) {
                c.pass(i, gradients[i]);
            }
        }
    }

    private void forward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        float[] gains = LayerNormKernels.repeated(in[1], Blocks.size(in[0].length(), width));
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            in[0].read(from, x, length);
            for (int row = 0; row < length; row += width) {
                RowLoops.multiply(x, row, width, scale(x, row, width, epsilon));
            }
            RowLoops.multiply(gains, x, length);
            out[0].write(from, x, length);
        });
    }

    private static float scale(float[] x, int row, int width, float epsilon) {
        return (float) (1 / Math.sqrt(RowLoops.dot(x, x, row, width) / width + epsilon));
    }

    /** Inputs x, gains and dy; outputs dx and, if they learn, the gradient of the gains. */
    private static final class Backward extends FusedOp {

        private final float epsilon;
        private final boolean ofGains;

        Backward(float epsilon, boolean ofGains, SameDiff graph, SDVariable... inputs) {
            super(ofGains ? 2 : 1, graph, inputs);
            this.epsilon = epsilon;
            this.ofGains = ofGains;
        }

        @Override
        public String opName() {
            return "lora4j_rms_norm_bp";
        }

        @Override
        public Backward copied() {
            return new Backward(epsilon, ofGains, null);
        }

        @Override
        List<long[]> shapes(List<INDArray> in) {
            long[] x = in.get(0).shape();
            return ofGains ? List.of(x, in.get(1).shape()) : List.of(x);
        }

        @Override
        Kernel kernel(Multiplier multiplier) {
            return DenseKernel.of(this::run);
        }

        private void run(DenseArray[] in, DenseArray[] out) {
            int width = in[0].width();
            float[] gains = LayerNormKernels.repeated(in[1], Blocks.size(in[0].length(), width));
            float[][] sums = new float[ofGains ? Blocks.count(in[0].length(), width) : 0][width];
            Blocks.run(in[0].length(), width, (block, from, length) -> {
                float[] x = ThreadArrays.array(0, length);
                float[] dy = ThreadArrays.array(1, length);
                in[0].read(from, x, length);
                in[2].read(from, dy, length);
                float[] scales = ThreadArrays.array(3, length / width);
                for (int row = 0; row < length; row += width) {
                    scales[row / width] = scale(x, row, width, epsilon);
                    RowLoops.multiply(x, row, width, scales[row / width]);
                }
                if (ofGains) {
                    float[] product = ThreadArrays.array(2, length);
                    System.arraycopy(dy, 0, product, 0, length);
                    RowLoops.multiply(x, product, length);
                    LayerNormKernels.addRows(product, length, width, sums[block]);
                }
                RowLoops.multiply(gains, dy, length);
                for (int row = 0; row < length; row += width) {
                    float along = RowLoops.dot(dy, x, row, width) / width;
                    float scale = scales[row / width];
                    for (int i = row; i < row + width; i++) {
                        dy[i] = (dy[i] - x[i] * along) * scale;
                    }
                }
                out[0].write(from, dy, length);
            });
            if (ofGains) {
                LayerNormKernels.write(sums, out[1]);
            }
        }
    }
}
