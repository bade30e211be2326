/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.ThreadArrays;
import org.lora4j.internal.engine.autodiff.rules.GradientRule;
import org.lora4j.internal.engine.autodiff.rules.GradientRules;
import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.OpRewrite;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.NameScope;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELU;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The table of kernels and where they apply. A carrier is known by the name scope it was created in.
 *
 * @apiNote Status: internal
 */
public final class Kernels {

    private static final String SCOPE = "lora4j.kernel.";

    /** By the word behind {@link #SCOPE}. */
    private static final Map<String, Kernel> CARRIED = Map.of(
            "pairs", DenseKernel.of(PairKernels::forward),
            "pairs_bp", DenseKernel.of(PairKernels::backward),
            "gelu", DenseKernel.of(GeluKernels::forward),
            "gelu_bp", DenseKernel.of(GeluKernels::backward),
            "softmax_bp", DenseKernel.of(SoftmaxKernels::backward),
            "layer_norm_dx", DenseKernel.of(LayerNormKernels::backwardOfInput).when(Kernels::isLayerNorm));

    /** By the name of the native op of the same meaning. */
    private static final Map<String, Kernel> NATIVE = Map.of(
            "thresholdedrelu_bp",
            DenseKernel.of(Kernels::reluBackward).when(Kernels::isRelu),
            "softmax",
            DenseKernel.of(SoftmaxKernels::forward).when(Kernels::isSoftmax),
            "layer_norm",
            DenseKernel.of(LayerNormKernels::forward).when(Kernels::isLayerNorm),
            "layer_norm_bp",
            DenseKernel.of(LayerNormKernels::backward).when(Kernels::isLayerNorm),
            "scatter_add",
            Kernel.of(ScatterKernels::add).when((op, in) -> ScatterKernels.isOfNumbers(in)),
            "gather",
            Kernel.of(ScatterKernels::take).when(ScatterKernels::takesNumbers));

    private Kernels() {}

    /**
     * Whether kernels can run: they work on host memory.
     *
     * @return true on a CPU backend
     */
    public static boolean available() {
        return Nd4j.getEnvironment().isCPU();
    }

    /**
     * Replaces what a graph spells out in many ops by carriers of kernels.
     *
     * @param graph the graph, only read
     * @param trainable names of leaves that learn, which become VARIABLEs, so that nothing takes them for frozen
     * @return a copy that a {@link #session} must run: another one would execute the carriers themselves
     */
    public static SameDiff fuse(SameDiff graph, Collection<String> trainable) {
        GraphCopy copy = GraphCopy.of(graph);
        trainable.stream()
                .filter(graph::hasVariable)
                .forEach(name -> copy.leaf(
                        name, VariableType.VARIABLE, graph.getVariable(name).getArr()));
        GeluPattern.find(graph)
                .forEach((op, x) -> copy.rewrite(
                        op,
                        context -> List.of(carrier(
                                context.graph(),
                                "gelu",
                                () -> new GELU(context.graph(), context.graph().getVariable(x)).outputVariable()))));
        // A layer norm has as many inputs of these shapes, and its backward as many outputs.
        PairKernels.find(graph)
                .forEach((op, in) -> copy.rewrite(
                        op,
                        context -> List.of(carrier(
                                context.graph(),
                                "pairs",
                                () -> context.graph()
                                        .nn()
                                        .layerNorm(
                                                context.graph().getVariable(in.get(0)),
                                                context.graph().getVariable(in.get(1)),
                                                context.graph().getVariable(in.get(2)),
                                                false,
                                                PairKernels.AXES - 1)))));
        return copy.build();
    }

    /**
     * The gradient rule for an op of a fused graph.
     *
     * @return a rule whose backward is a kernel, or that of {@link GradientRules}
     */
    public static GradientRule rule(DifferentialFunction op) {
        if (op instanceof FusedOp fused) {
            return fused::differentiate;
        }
        String carried = carried(op.getOwnName());
        if ("gelu".equals(carried)) {
            return Kernels::geluRule;
        }
        if ("pairs".equals(carried)) {
            return Kernels::pairsRule;
        }
        return switch (op.opName()) {
            case "softmax" -> Kernels::softmaxRule;
            case "layer_norm" -> Kernels::layerNormRule;
            default -> GradientRules.of(op);
        };
    }

    private static void geluRule(RuleContext c) {
        c.pass(0, carrier(c.graph(), "gelu_bp", () -> c.input(0).mul(c.gradient())));
    }

    private static void pairsRule(RuleContext c) {
        List<SDVariable> gradients = carrier(c.graph(), "pairs_bp", () -> c.op().doDiff(c.gradients()));
        IntStream.range(0, c.inputCount()).filter(c::needs).forEach(i -> c.pass(i, gradients.get(i)));
    }

    private static void softmaxRule(RuleContext c) {
        SDVariable y = c.output(0);
        if (isOverLastDimension(c.attribute(0, -1), c.rank(y)) && y.dataType() == DataType.FLOAT) {
            c.pass(0, carrier(c.graph(), "softmax_bp", () -> y.mul(c.gradient())));
        } else {
            GradientRules.of(c.op()).apply(c);
        }
    }

    // The native backward op gives all gradients at once; its kernel is far cheaper than the composed rule.
    private static void layerNormRule(RuleContext c) {
        if (!isOverLastDimension(
                (DynamicCustomOp) c.op(), c.rank(c.input(0)), c.input(0).dataType())) {
            GradientRules.of(c.op()).apply(c);
            return;
        }
        boolean frozen = !c.needs(1) && !c.needs(2);
        List<SDVariable> gradients = frozen
                ? carrier(c.graph(), "layer_norm_dx", () -> c.op().doDiff(c.gradients()))
                : c.op().doDiff(c.gradients());
        for (int i = 0; i < c.inputCount(); i++) {
            if (c.needs(i)) {
                c.pass(i, gradients.get(i));
            }
        }
    }

    // ND4J's own takes ten times as long.
    private static void reluBackward(DenseArray[] in, DenseArray[] out) {
        Blocks.run(in[0].length(), 1, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] dy = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            in[1].read(from, dy, length);
            for (int i = 0; i < length; i++) {
                // The sign of 0 - x is set for what is above zero alone; a branch would be guessed wrong half of the
                // time.
                dy[i] = Float.intBitsToFloat(Float.floatToRawIntBits(dy[i]) & Float.floatToRawIntBits(0f - x[i]) >> 31);
            }
            out[0].write(from, dy, length);
        });
    }

    private static boolean isRelu(DifferentialFunction op, List<INDArray> in) {
        double[] threshold = ((DynamicCustomOp) op).tArgs();
        return in.get(0).dataType() == DataType.FLOAT
                && in.get(1).dataType() == DataType.FLOAT
                && Arrays.equals(in.get(0).shape(), in.get(1).shape())
                && threshold.length == 1
                && threshold[0] == 0;
    }

    private static boolean isSoftmax(DifferentialFunction op, List<INDArray> in) {
        long[] attributes = ((DynamicCustomOp) op).iArgs();
        INDArray x = in.get(0);
        return x.dataType() == DataType.FLOAT
                && x.rank() > 0
                && isOverLastDimension(attributes.length == 0 ? -1 : attributes[0], x.rank());
    }

    private static boolean isLayerNorm(DifferentialFunction op, List<INDArray> in) {
        return isOverLastDimension(
                (DynamicCustomOp) op, in.get(0).rank(), in.get(0).dataType());
    }

    private static boolean isOverLastDimension(long dimension, int rank) {
        return dimension == -1 || dimension == rank - 1;
    }

    // A layer norm, or its backward.
    private static boolean isOverLastDimension(DynamicCustomOp op, int rank, DataType type) {
        long[] dimensions = op.iArgs();
        boolean[] flags = op.bArgs();
        boolean channelsFirst = flags.length > 0 && flags[0];
        return type == DataType.FLOAT
                && dimensions.length == 1
                && isOverLastDimension(dimensions[0], rank)
                && (rank == 2 || !channelsFirst);
    }

    /**
     * Replaces what models spell out in many ops by single ones, where nothing else is asked of what is in between.
     *
     * @param graph a graph that is not differentiated yet, only read
     * @param shapes answers on its variables
     * @param outputs what will be asked of it, itself or by way of gradients
     * @param gradients whether it will be differentiated
     * @param multiplier what will multiply its matrices
     * @return a copy that a {@link #session} must run
     */
    public static SameDiff fuseOps(
            SameDiff graph, Shapes shapes, Collection<String> outputs, boolean gradients, Multiplier multiplier) {
        LiveOps live = new LiveOps(graph, outputs);
        GraphCopy copy = GraphCopy.of(graph);
        ChunkedLoss.find(graph, shapes, live, gradients).forEach(copy::rewrite);
        RowNorm.find(graph, shapes, live).forEach(copy::rewrite);
        SigmoidGate.find(graph, shapes, live).forEach(copy::rewrite);
        RotaryHeads.find(graph, shapes, live).forEach(copy::rewrite);
        RelativeProducts.find(graph, shapes, live).forEach(copy::rewrite);
        Attention.find(graph, shapes, live, multiplier).forEach(copy::rewrite);
        return copy.build();
    }

    /**
     * Makes matrix products single ops together with what surrounds them, and gradients of tables single ops.
     *
     * @param graph a graph that is complete, only read
     * @param shapes answers on its variables
     * @param outputs what will be asked of it
     * @return a copy that computes these outputs if a {@link #session} runs it
     */
    public static SameDiff fuseProducts(SameDiff graph, Shapes shapes, Collection<String> outputs) {
        LiveOps live = new LiveOps(graph, outputs);
        GraphCopy copy = GraphCopy.of(graph);
        ProductSums.find(graph, shapes, live).forEach(copy::rewrite);
        TableGradient.find(graph, live).forEach(copy::rewrite);
        StoredLookup.find(graph).forEach(copy::rewrite);
        ViewProducts.find(graph, live).forEach(copy::rewrite);
        SampledProduct.find(graph, live).forEach(copy::rewrite);
        return copy.build();
    }

    /**
     * Has products with stored weights, and lookups in them, computed from the stored form, for a graph of which outputs are
     * asked that are not known yet.
     *
     * @param graph a graph that will not be differentiated, only read
     * @return a copy that a {@link #session} must run, or the graph itself if it has no stored weights
     */
    public static SameDiff fuseStoredWeights(SameDiff graph) {
        Map<String, OpRewrite> rewrites = new HashMap<>(ProductSums.ofStoredWeights(graph));
        rewrites.putAll(StoredLookup.find(graph));
        if (rewrites.isEmpty()) {
            return graph;
        }
        GraphCopy copy = GraphCopy.of(graph);
        rewrites.forEach(copy::rewrite);
        return copy.build();
    }

    private static <T> T carrier(SameDiff graph, String kernel, Supplier<T> op) {
        NameScope scope = graph.withNameScope(SCOPE + kernel);
        try {
            return op.get();
        } finally {
            scope.close();
        }
    }

    private static String carried(String ownName) {
        int at = ownName.lastIndexOf(SCOPE);
        int end = ownName.indexOf('/', at + SCOPE.length());
        return at < 0 || end < 0 ? null : ownName.substring(at + SCOPE.length(), end);
    }

    /**
     * What an op stands for.
     *
     * @param op an op of a fused graph
     * @return the name of the kernel that it carries, or its own
     */
    public static String workOf(SameDiffOp op) {
        String carried = carried(op.getName());
        return carried == null ? op.getOp().opName() : carried;
    }

    /**
     * Whether an op is one of our own, which ND4J cannot run: only its kernel can.
     *
     * @param op an op of a fused graph
     */
    public static boolean isOwn(DifferentialFunction op) {
        return op instanceof OwnOp;
    }

    /**
     * The shapes of the outputs of an op of our own.
     *
     * @param in its inputs, of which the values are read only where they are shapes
     * @return the shapes; empty for an op of ND4J, which knows them
     */
    public static Optional<List<LongShapeDescriptor>> shapes(DifferentialFunction op, List<INDArray> in) {
        return op instanceof OwnOp own ? Optional.of(own.descriptors(in)) : Optional.empty();
    }

    /**
     * The kernels of a graph.
     *
     * @param graph a fused graph, perhaps with backward ops
     * @param multiplier what multiplies its matrices
     * @return kernels by the names of the ops that they stand for
     */
    public static Map<String, Kernel> of(SameDiff graph, Multiplier multiplier) {
        Map<String, Kernel> byOp = new HashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            Kernel kernel = kernel(graph, op, multiplier);
            if (kernel != null) {
                byOp.put(op.getName(), kernel);
            }
        }
        return byOp;
    }

    /**
     * What rounds activations in front of matrix products.
     *
     * @return a kernel; empty for a multiplier of FLOAT arrays only
     */
    public static Optional<Kernel> rounding(Multiplier multiplier) {
        Kernel java = Kernel.of((in, out) -> out.get(0).assign(in.get(0)));
        return multiplier.rounds() ? Optional.of(multiplier.kernel(Multiplier.ROUNDING, java)) : Optional.empty();
    }

    /**
     * A session of SameDiff that runs kernels in place of the ops they stand for.
     *
     * @param graph a fused graph, perhaps with backward ops
     */
    public static InferenceSession session(SameDiff graph, Map<String, Kernel> kernels) {
        return new KernelSession(graph, kernels);
    }

    private static Kernel kernel(SameDiff graph, SameDiffOp op, Multiplier multiplier) {
        if (op.getOp() instanceof OwnOp own) {
            return own.kernel(multiplier);
        }
        if (op.getOp().opName().equals("matmul")) {
            return MatmulAttributes.kernel(graph, op, multiplier);
        }
        String name = workOf(op);
        Kernel java = (carried(op.getName()) == null ? NATIVE : CARRIED).get(name);
        return java == null ? null : multiplier.kernel(name, java);
    }
}
