/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.loss.bp.SoftmaxCrossEntropyLossBp;
import org.nd4j.linalg.api.ops.impl.loss.bp.SparseSoftmaxCrossEntropyLossWithLogitsBp;
import org.nd4j.linalg.api.ops.impl.reduce.bp.MeanBp;
import org.nd4j.linalg.api.ops.impl.reduce.bp.SumBp;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNormBp;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.TanhDerivative;
import org.nd4j.linalg.factory.Nd4j;

/** A clone by constructors is, field by field, what ND4J's own way gives. */
final class DirectCloneTest {

    /** What every op has for itself, and what native code is asked for once. */
    private static final Set<String> OF_EACH_OP = Set.of("ownName", "hash");

    private record Case(String op, DataType type, Function<SameDiff, SDVariable> build) {
        @Override
        public String toString() {
            return op + " " + type;
        }

        DifferentialFunction built(SameDiff graph) {
            SDVariable result = build.apply(graph);
            String op = graph.getVariables().get(result.name()).getOutputOfOp();
            return graph.getOps().get(op).getOp();
        }
    }

    @ParameterizedTest
    @MethodSource("known")
    void clone_hasTheFields_ofOneThatWasWrittenAndRead(Case c) {
        SameDiff graph = SameDiff.create();
        DifferentialFunction op = c.built(graph);
        assertThat(op.opName()).isEqualTo(c.op());
        assertSame(op, graph);
        // A clone is an op of a graph, and cloned again.
        SameDiff copy = GraphCopy.of(graph).build();
        assertSame(copy.getOps().get(op.getOwnName()).getOp(), copy);
    }

    private static void assertSame(DifferentialFunction op, SameDiff graph) {
        DifferentialFunction direct = DirectClone.of(op).orElseThrow();
        DifferentialFunction read = OpClone.read(op, graph, indexes(graph));
        assertThat(direct).isNotSameAs(op).hasSameClassAs(read);
        assertThat(fields(direct)).isEqualTo(fields(read));
    }

    @ParameterizedTest
    @MethodSource("leftToNd4j")
    void op_withMoreThanItsKindHas_isLeftToNd4j(Case c) {
        DifferentialFunction op = c.built(SameDiff.create());
        assertThat(op.opName()).isEqualTo(c.op());
        assertThat(DirectClone.of(op)).isEmpty();
    }

    /** ND4J's way reads its two bytes the wrong way round. */
    @Test
    void scalar_inBfloat16_keepsItsValue() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.BFLOAT16, 3);
        DifferentialFunction op = new Case("mul_scalar", DataType.BFLOAT16, g -> x.mul(0.5)).built(graph);
        INDArray scalar = DirectClone.of(op).orElseThrow().getScalarValue();
        assertThat(scalar.dataType()).isEqualTo(DataType.BFLOAT16);
        assertThat(scalar.getDouble(0)).isEqualTo(0.5);
    }

    static Stream<Case> known() {
        return Stream.of(DataType.FLOAT, DataType.DOUBLE).flatMap(type -> {
            Cases cases = new Cases(type);
            cases.arithmetic();
            cases.products();
            cases.shapes();
            cases.indexes();
            cases.normalizations();
            cases.losses();
            cases.functions();
            cases.reductions();
            return cases.all.stream();
        });
    }

    static Stream<Case> leftToNd4j() {
        Cases cases = new Cases(DataType.FLOAT);
        cases.c("tensordot", g -> g.tensorMmul(cases.x(g), cases.x(g), new int[] {1}, 1));
        cases.c(
                "layer_norm_bp",
                g -> new LayerNormBp(g, cases.x(g), cases.row(g), cases.row(g), cases.x(g), true, 1)
                        .outputVariables()[0]);
        cases.c("reduce_sum_bp", g -> new SumBp(g, cases.x(g), cases.x(g), true, 0, 1).outputVariable());
        cases.c("reduce_sum", g -> new Sum(g, cases.x(g), g.constant(Nd4j.createFromArray(1)), false).outputVariable());
        return cases.all.stream();
    }

    private static Map<String, Integer> indexes(SameDiff graph) {
        Map<String, Integer> indexes = new HashMap<>();
        graph.getVariables().keySet().forEach(name -> indexes.put(name, indexes.size()));
        return indexes;
    }

    /** All fields of an object, those of its superclasses too, as text. */
    private static Map<String, String> fields(Object object) {
        Map<String, String> found = new TreeMap<>();
        for (Class<?> c = object.getClass(); c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !OF_EACH_OP.contains(field.getName())) {
                    field.setAccessible(true);
                    try {
                        found.put(c.getSimpleName() + "." + field.getName(), text(field.get(object)));
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                }
            }
        }
        return found;
    }

    private static String text(Object value) {
        if (value instanceof INDArray array) {
            return array.dataType() + " " + Arrays.toString(array.shape()) + array.isView() + array.isAttached()
                    + (array.isEmpty() ? "" : Arrays.toString(array.dup().data().asDouble()));
        }
        if (value != null && value.getClass().isArray()) {
            StringBuilder text = new StringBuilder(value.getClass().getSimpleName());
            for (int i = 0; i < Array.getLength(value); i++) {
                text.append(' ').append(text(Array.get(value, i)));
            }
            return text.toString();
        }
        return String.valueOf(value);
    }

    private static final class Cases {
        private final DataType type;
        private final List<Case> all = new ArrayList<>();

        Cases(DataType type) {
            this.type = type;
        }

        void c(String op, Function<SameDiff, SDVariable> build) {
            all.add(new Case(op, type, build));
        }

        SDVariable x(SameDiff graph) {
            return graph.var("x" + graph.variables().size(), Nd4j.ones(type, 3, 4));
        }

        SDVariable row(SameDiff graph) {
            return graph.var("row" + graph.variables().size(), Nd4j.ones(type, 4));
        }

        private SDVariable integers(SameDiff graph, int... values) {
            return graph.constant(Nd4j.createFromArray(values));
        }

        void arithmetic() {
            c("add", g -> x(g).add(row(g)));
            c("subtract", g -> x(g).sub(x(g)));
            c("multiply", g -> x(g).mul(x(g)));
            c("divide", g -> x(g).div(x(g)));
            c("maximum", g -> g.math.max(x(g), x(g)));
            c("add_scalar", g -> x(g).add(0.1));
            c("sub_scalar", g -> x(g).sub(-3));
            c("mul_scalar", g -> x(g).mul(Math.sqrt(0.5)));
            c("div_scalar", g -> x(g).div(7));
            c("rsub_scalar", g -> x(g).rsub(1));
            c("rdiv_scalar", g -> x(g).rdiv(1e-30));
            c("mul_scalar", g -> x(g).mul(Double.NEGATIVE_INFINITY));
            c("mul_scalar", g -> x(g).mul(Double.NaN));
            c("add_scalar", g -> integers(g, 1, 2).add(1 << 30));
            c("mul_scalar", g -> x(g).castTo(DataType.FLOAT16).mul(0.1));
        }

        void products() {
            for (int flags = 0; flags < 8; flags++) {
                boolean a = (flags & 1) != 0;
                boolean b = (flags & 2) != 0;
                boolean result = (flags & 4) != 0;
                c("matmul", g -> g.mmul(sides(g, a), sides(g, !b), a, b, result));
            }
            c("matmul", g -> g.mmul(g.reshape(x(g), 1, 3, 4), g.reshape(x(g), 1, 4, 3)));
            c("xw_plus_b", g -> g.nn.linear(x(g), g.reshape(x(g), 4, 3), g.var("b", Nd4j.ones(type, 3))));
        }

        private SDVariable sides(SameDiff graph, boolean turned) {
            return turned ? graph.reshape(x(graph), 4, 3) : x(graph);
        }

        void shapes() {
            c("reshape", g -> g.reshape(x(g), 2, 6));
            c("reshape", g -> g.reshape(x(g), -1));
            c("reshape", g -> g.reshape(x(g), integers(g, 4, 3)));
            c("permute", g -> g.permute(x(g), 1, 0));
            c("permute", g -> g.permute(x(g), integers(g, 1, 0)));
            c("expand_dims", g -> g.expandDims(x(g), 1));
            c("expand_dims", g -> g.expandDims(x(g), -1));
            c("squeeze", g -> g.squeeze(g.reshape(x(g), 1, 12), 0));
            c("shape_of", g -> x(g).shape());
            c("size_at", g -> g.sizeAt(x(g), 1));
            c("stack", g -> g.stack(1, x(g), x(g)));
            c("tile", g -> g.tile(x(g), 2, 1));
            c("cast", g -> x(g).castTo(DataType.INT64));
            c("stop_gradient", g -> new StopGradient(g, x(g)).outputVariable());
            c("concat", g -> g.concat(0, x(g), x(g)));
            c("concat", g -> g.concat(-1, x(g), x(g)));
            c("split", g -> g.split(x(g), 2, 1)[0]);
        }

        void indexes() {
            c("gather", g -> g.gather(x(g), integers(g, 2, 0), 0));
            c("gather", g -> g.gather(x(g), integers(g, 2, 0), 1));
            c("slice", g -> g.slice(x(g), new int[] {1, 0}, 2, 3));
            c("strided_slice", g -> x(g).get(SDIndex.all(), SDIndex.interval(1L, 3L)));
            c("strided_slice", g -> x(g).get(SDIndex.point(1), SDIndex.all()));
            c("range", g -> g.range(0, 5, 2, type));
            c("range", g -> g.range(integers(g, 0), integers(g, 5), integers(g, 1), DataType.INT32));
            c("onehot", g -> g.oneHot(integers(g, 1, 0), 3, -1, 1, 0, type));
            c("onehot", g -> g.oneHot(integers(g, 1, 0), 3, 0, 5, -1, type));
        }

        void normalizations() {
            c("layer_norm", g -> g.nn.layerNorm(x(g), row(g), row(g), false, 1));
            c("layer_norm", g -> g.nn.layerNorm(x(g), row(g), row(g), true, -1));
            c("layer_norm", g -> g.nn.layerNorm(x(g), row(g), false, 1));
            c("layer_norm_bp", g -> new LayerNormBp(g, x(g), row(g), row(g), x(g), false, 1).outputVariables()[0]);
            c("softmax", g -> g.nn.softmax(x(g), -1));
            c("softmax", g -> g.nn.softmax(x(g), 0));
        }

        void losses() {
            for (LossReduce reduce : LossReduce.values()) {
                for (double smoothing : new double[] {0, 0.1}) {
                    c(
                            "softmax_cross_entropy_loss",
                            g -> g.loss.softmaxCrossEntropy(null, x(g), x(g), null, reduce, smoothing));
                    c(
                            "softmax_cross_entropy_loss_grad",
                            g -> new SoftmaxCrossEntropyLossBp(g, reduce, x(g), row(g), x(g), smoothing)
                                    .outputVariables()[0]);
                    c(
                            "sigm_cross_entropy_loss",
                            g -> g.loss.sigmoidCrossEntropy(null, x(g), x(g), null, reduce, smoothing));
                }
            }
            c(
                    "sparse_softmax_cross_entropy_loss_with_logits",
                    g -> g.loss.sparseSoftmaxCrossEntropy(x(g), integers(g, 0, 1, 2)));
            c(
                    "sparse_softmax_cross_entropy_loss_with_logits_grad",
                    g -> new SparseSoftmaxCrossEntropyLossWithLogitsBp(g, x(g), integers(g, 0, 1, 2))
                            .outputVariables()[0]);
        }

        void functions() {
            c("equals_scalar", g -> x(g).eq(0.5));
            c("tanh_bp", g -> new TanhDerivative(g, x(g), x(g)).outputVariable());
            c("zeroslike", g -> g.zerosLike(x(g)));
            c("erf", g -> g.math.erf(x(g)));
            c("gelu", g -> g.nn.gelu(x(g)));
            c("tanh", g -> g.math.tanh(x(g)));
            c("sigmoid", g -> g.nn.sigmoid(x(g)));
            c("swish", g -> g.nn.swish(x(g)));
            c("exp", g -> g.math.exp(x(g)));
            c("sin", g -> g.math.sin(x(g)));
            c("cos", g -> g.math.cos(x(g)));
            c("sqrt", g -> g.math.sqrt(x(g)));
            c("square", g -> g.math.square(x(g)));
            c("neg", g -> g.math.neg(x(g)));
            c("relu", g -> g.nn.relu(x(g), 0.5));
        }

        void reductions() {
            for (boolean keepDims : new boolean[] {false, true}) {
                c("reduce_sum_bp", g -> new SumBp(g, x(g), x(g), keepDims, (int[]) null).outputVariable());
                c("reduce_mean_bp", g -> new MeanBp(g, x(g), x(g), keepDims, (int[]) null).outputVariable());
                c("reduce_sum_bp", g -> new SumBp(g, x(g), x(g), keepDims, 1).outputVariable());
                c("reduce_mean_bp", g -> new MeanBp(g, x(g), x(g), keepDims, -1).outputVariable());
                for (int[] axes : new int[][] {{0}, {1}, {-1}, {0, 1}, {}}) {
                    c("reduce_sum", g -> g.sum(x(g), keepDims, axes));
                    c("reduce_mean", g -> g.mean(x(g), keepDims, axes));
                    c("reduce_norm2", g -> g.norm2(x(g), keepDims, axes));
                }
            }
        }
    }
}
