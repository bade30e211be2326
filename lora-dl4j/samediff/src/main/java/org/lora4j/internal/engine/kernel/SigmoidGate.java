/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Exponential;
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

/**
 * {@code y = x sigma(a (x + b x^3))}, and the same times another array: SiLU with b = 0, the approximation of GELU by tanh
 * with b = 0.044715, and the gated units that are made of them. As ops they are three to nine passes over memory, and more
 * backwards.
 *
 * <p>Source: Shazeer 2020, <i>GLU variants improve transformer</i>, arXiv:2002.05202.
 */
final class SigmoidGate extends FusedOp {

    private static final double TOLERANCE = 1e-6;
    /** exp of what is beyond is no float. */
    private static final float END = 80;

    /** {@code a} and {@code b}. */
    private record Curve(float a, float b) {
        private static final Curve SILU = new Curve(1, 0);
        /** (1 + tanh u) / 2 = sigma(2 u). */
        private static final Curve GELU_TANH = new Curve((float) (2 * Math.sqrt(2 / Math.PI)), 0.044715f);

        /** Writes exp(-a (x + b x^3)) to e. */
        void exponentials(float[] x, float[] e, int n) {
            float first = -a;
            float third = -a * b;
            for (int i = 0; i < n; i++) {
                e[i] = Math.min(END, x[i] * (first + third * x[i] * x[i]));
            }
            Exponential.apply(e, n);
        }
    }

    private final Curve curve;
    private final boolean gated;

    /** Inputs x and, if it is gated, what is multiplied. */
    private SigmoidGate(Curve curve, boolean gated, SameDiff graph, SDVariable... inputs) {
        super(1, graph, inputs);
        this.curve = curve;
        this.gated = gated;
    }

    @Override
    public String opName() {
        return "lora4j_sigmoid_gate";
    }

    @Override
    public SigmoidGate copied() {
        return new SigmoidGate(curve, gated, null);
    }

    /** The rewrite of each, by the name of the op that gives its result. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            Unit unit = live.contains(op) ? unit(graph, live, op) : null;
            if (unit != null) {
                add(shapes, live, op, unit, found);
            }
        }
        return found;
    }

    private record Unit(String x, Curve curve) {}

    private static void add(Shapes shapes, LiveOps live, SameDiffOp op, Unit unit, Map<String, OpRewrite> found) {
        String activation = op.getOutputsOfOp().get(0);
        SameDiffOp product = live.onlyReader(activation);
        if (product != null && product.getOp().opName().equals("multiply")) {
            String result = product.getOutputsOfOp().get(0);
            String other = GraphOrder.inputs(product).get(0).equals(activation)
                    ? GraphOrder.inputs(product).get(1)
                    : GraphOrder.inputs(product).get(0);
            if (isLike(shapes, activation, result) && isLike(shapes, other, result)) {
                found.put(
                        product.getName(),
                        context -> List.of(new SigmoidGate(
                                        unit.curve(),
                                        true,
                                        context.graph(),
                                        context.graph().getVariable(unit.x()),
                                        context.graph().getVariable(other))
                                .outputVariable()));
                return;
            }
        }
        found.put(
                op.getName(),
                context -> List.of(new SigmoidGate(
                                unit.curve(),
                                false,
                                context.graph(),
                                context.graph().getVariable(unit.x()))
                        .outputVariable()));
    }

    private static boolean isLike(Shapes shapes, String variable, String result) {
        return shapes.rank(variable) == shapes.rank(result) && shapes.broadcastDimensions(variable, result).length == 0;
    }

    private static Unit unit(SameDiff graph, LiveOps live, SameDiffOp op) {
        if (graph.getVariable(op.getOutputsOfOp().get(0)).dataType() != DataType.FLOAT) {
            return null;
        }
        String x = ofSilu(live, op);
        if (x != null) {
            return new Unit(x, Curve.SILU);
        }
        x = ofGelu(live, op);
        return x == null ? null : new Unit(x, Curve.GELU_TANH);
    }

    // x sigmoid(x)
    private static String ofSilu(LiveOps live, SameDiffOp op) {
        if (op.getOp().opName().equals("multiply")) {
            List<String> in = GraphOrder.inputs(op);
            for (int i = 0; i < 2; i++) {
                SameDiffOp sigmoid = live.producer(in.get(i), "sigmoid");
                if (sigmoid != null && GraphOrder.inputs(sigmoid).equals(List.of(in.get(1 - i)))) {
                    return in.get(1 - i);
                }
            }
        }
        return null;
    }

    // x (1 + tanh(sqrt(2 / pi) x (1 + 0.044715 x x))) / 2
    private static String ofGelu(LiveOps live, SameDiffOp op) {
        SameDiffOp product =
                is(Ops.factor(op), 0.5) ? live.producer(GraphOrder.inputs(op).get(0), "multiply") : null;
        for (int i = 0; product != null && i < 2; i++) {
            String x = GraphOrder.inputs(product).get(i);
            SameDiffOp shifted = plus(live, GraphOrder.inputs(product).get(1 - i), 1);
            SameDiffOp tanh = shifted == null
                    ? null
                    : live.producer(GraphOrder.inputs(shifted).get(0), "tanh");
            SameDiffOp scaled =
                    tanh == null ? null : live.producer(GraphOrder.inputs(tanh).get(0), "mul_scalar");
            if (scaled != null && is(Ops.factor(scaled), Math.sqrt(2 / Math.PI))) {
                SameDiffOp inner = live.producer(GraphOrder.inputs(scaled).get(0), "multiply");
                if (inner != null && isCubic(live, inner, x)) {
                    return x;
                }
            }
        }
        return null;
    }

    private static boolean isCubic(LiveOps live, SameDiffOp inner, String x) {
        List<String> in = GraphOrder.inputs(inner);
        String factor = in.get(0).equals(x) ? in.get(1) : in.get(1).equals(x) ? in.get(0) : null;
        SameDiffOp shifted = factor == null ? null : plus(live, factor, 1);
        SameDiffOp scaled = shifted == null
                ? null
                : live.producer(GraphOrder.inputs(shifted).get(0), "mul_scalar");
        SameDiffOp square = scaled == null || !is(Ops.factor(scaled), Curve.GELU_TANH.b())
                ? null
                : live.producer(GraphOrder.inputs(scaled).get(0), "multiply");
        return square != null && GraphOrder.inputs(square).equals(List.of(x, x));
    }

    private static SameDiffOp plus(LiveOps live, String variable, double number) {
        SameDiffOp op = live.producer(variable, "add_scalar");
        return op != null && Ops.isScalar(op, "add_scalar") && Ops.scalar(op) == number ? op : null;
    }

    private static boolean is(double found, double number) {
        return Math.abs(found - number) < TOLERANCE;
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return DenseKernel.of(this::forward);
    }

    private void forward(DenseArray[] in, DenseArray[] out) {
        Blocks.run(in[0].length(), 1, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] e = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            curve.exponentials(x, e, length);
            for (int i = 0; i < length; i++) {
                x[i] = x[i] / (1 + e[i]);
            }
            if (gated) {
                in[1].read(from, e, length);
                RowLoops.multiply(e, x, length);
            }
            out[0].write(from, x, length);
        });
    }

    @Override
    void differentiate(RuleContext c) {
        SDVariable[] gradients = (gated
                        ? new Backward(curve, true, c.graph(), c.input(0), c.gradient(), c.input(1))
                        : new Backward(curve, false, c.graph(), c.input(0), c.gradient()))
                .outputVariables();
        for (int i = 0; i < gradients.length; i++) {
            if (c.needs(i)) {
                c.pass(i, gradients[i]);
            }
        }
    }

    /** Inputs x, dy and, if it is gated, what was multiplied; outputs the gradients of x and of that. */
    private static final class Backward extends FusedOp {

        private final Curve curve;
        private final boolean gated;

        Backward(Curve curve, boolean gated, SameDiff graph, SDVariable... inputs) {
            super(gated ? 2 : 1, graph, inputs);
            this.curve = curve;
            this.gated = gated;
        }

        @Override
        public String opName() {
            return "lora4j_sigmoid_gate_bp";
        }

        @Override
        public Backward copied() {
            return new Backward(curve, gated, null);
        }

        @Override
        List<long[]> shapes(List<INDArray> in) {
            long[] x = in.get(0).shape();
            return gated ? List.of(x, x) : List.of(x);
        }

        @Override
        Kernel kernel(Multiplier multiplier) {
            return DenseKernel.of(this::run);
        }

        private void run(DenseArray[] in, DenseArray[] out) {
            float a = curve.a();
            float cubic = 3 * curve.a() * curve.b();
            Blocks.run(in[0].length(), 1, (block, from, length) -> {
                float[] x = ThreadArrays.array(0, length);
                float[] e = ThreadArrays.array(1, length);
                float[] dy = ThreadArrays.array(2, length);
                in[0].read(from, x, length);
                in[1].read(from, dy, length);
                curve.exponentials(x, e, length);
                // With s = 1 / (1 + e): x becomes x s, and e becomes d(x s) / dx = s + x s (1 - s) (a + 3 a b x^2).
                for (int i = 0; i < length; i++) {
                    float s = 1 / (1 + e[i]);
                    float y = x[i] * s;
                    e[i] = s + y * (e[i] * s) * (a + cubic * x[i] * x[i]);
                    x[i] = y;
                }
                RowLoops.multiply(dy, e, length);
                if (gated) {
                    RowLoops.multiply(dy, x, length);
                    out[1].write(from, x, length);
                    in[2].read(from, dy, length);
                    RowLoops.multiply(dy, e, length);
                }
                out[0].write(from, e, length);
            });
        }
    }
}
