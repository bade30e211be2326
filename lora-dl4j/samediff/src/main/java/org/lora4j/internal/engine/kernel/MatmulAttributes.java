/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** What the attributes of a {@code matmul} say. */
final class MatmulAttributes {

    private static final int RESULT = 2;
    private static final int MATRIX = 2;

    private MatmulAttributes() {}

    /** Whether it is op(X) op(W) and nothing more: no factors, the result not transposed. */
    static boolean isPlain(DynamicCustomOp product) {
        double[] factors = product.tArgs();
        return (factors.length < 1 || factors[0] == 1)
                && (factors.length < 2 || factors[1] == 0)
                && !transposes(product, RESULT);
    }

    /** A product of matrices, or of batches, by a multiplier, but for those that {@link ThinProducts} knows. */
    static Kernel kernel(SameDiff graph, SameDiffOp op, Multiplier multiplier) {
        DynamicCustomOp product = (DynamicCustomOp) op.getOp();
        boolean plain = isPlain(product);
        List<String> inputs = GraphOrder.inputs(op);
        boolean frozen = graph.getVariable(inputs.get(1)).getVariableType() == VariableType.CONSTANT;
        boolean overBatch = sumsOverBatch(graph, product, inputs.get(0), inputs.get(1));
        Kernel kernel = Kernel.of((in, out) -> {
                    if (overBatch && ThinProducts.isTallGradient(in)) {
                        ThinProducts.tallGradient(in, out.get(0), multiplier);
                        return;
                    }
                    Factor left = new Factor(in.get(0), transposes(product, 0), false);
                    Factor right = new Factor(in.get(1), transposes(product, 1), frozen);
                    multiplier.multiply(new Product(1, left, right, overBatch), out.get(0), 0);
                })
                .when((any, in) -> plain && in.stream().allMatch(array -> isTaken(array, multiplier)));
        return multiplier.rounds() ? kernel.rounding(in -> rounded(in, frozen)) : kernel;
    }

    private static Rounded rounded(List<INDArray> in, boolean frozen) {
        if (in.get(0).rank() != MATRIX) {
            return Rounded.NONE;
        }
        return frozen
                ? new Rounded(Set.of(0), Set.of(0), Set.of(0), false)
                : new Rounded(Set.of(), Set.of(0, 1), Set.of(), false);
    }

    // Batches of products have no adapter, and ND4J's op computes them as its legacy op does.
    private static boolean isTaken(INDArray array, Multiplier multiplier) {
        boolean rank = multiplier == Multiplier.nd4j() ? array.rank() == MATRIX : array.rank() >= MATRIX;
        return rank && array.dataType() == DataType.FLOAT && !array.isEmpty();
    }

    /**
     * Whether {@code x^T w} sums over the rows of a batch: a gradient, whose factors both depend on the inputs. A layer whose
     * data lies by columns looks the same, but for its weight, which may be computed from parameters. It must be computed in one
     * way, whether it stands alone or in a sum with an adapter.
     */
    static boolean sumsOverBatch(SameDiff graph, DynamicCustomOp product, String x, String w) {
        return transposes(product, 0)
                && !transposes(product, 1)
                && dependsOnInputs(graph, x)
                && dependsOnInputs(graph, w);
    }

    private static boolean dependsOnInputs(SameDiff graph, String variable) {
        Set<String> seen = new HashSet<>();
        Deque<String> next = new ArrayDeque<>(List.of(variable));
        while (!next.isEmpty()) {
            String name = next.pop();
            VariableType type = graph.getVariable(name).getVariableType();
            if (type == VariableType.PLACEHOLDER) {
                return true;
            }
            String producer = type == VariableType.ARRAY ? GraphOrder.producer(graph, name) : null;
            if (producer != null && seen.add(producer)) {
                GraphOrder.inputs(graph.getOps().get(producer)).forEach(next::push);
            }
        }
        return false;
    }

    /** Whether an operand, 0 or 1, is transposed. */
    static boolean transposes(DynamicCustomOp product, int operand) {
        long[] arguments = product.iArgs();
        return arguments.length > operand && arguments[operand] != 0;
    }
}
