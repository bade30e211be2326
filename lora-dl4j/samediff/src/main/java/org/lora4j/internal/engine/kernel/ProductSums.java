/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.engine.kernel.ProductSum.Term;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpRewrite;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.ScalarOp;

/**
 * Finds sums with matrix products among their terms, and makes each one {@link ProductSum}: layers with bias and
 * adapters, and the gradients that reach a variable from several layers.
 *
 * <p>The terms keep their order, the products apart from the rest. An adapter's products come after its layer's, so a
 * layer with an adapter that is zero gives the values that it gives without.
 */
final class ProductSums {

    private final SameDiff graph;
    private final Shapes shapes;
    private final LiveOps live;
    private final Set<String> absorbed = new HashSet<>();

    /** The terms of one sum. */
    private static final class Terms {
        private final List<Term> products = new ArrayList<>();
        private final List<String> operands = new ArrayList<>();
        private final List<String> addends = new ArrayList<>();
        private final List<String> absorbed = new ArrayList<>();

        void addAll(Terms other) {
            products.addAll(other.products);
            operands.addAll(other.operands);
            addends.addAll(other.addends);
            absorbed.addAll(other.absorbed);
        }
    }

    private ProductSums(SameDiff graph, Shapes shapes, LiveOps live) {
        this.graph = graph;
        this.shapes = shapes;
        this.live = live;
    }

    /** The rewrite by the name of the op whose place the sum takes. */
    static Map<String, OpRewrite> find(SameDiff graph, Shapes shapes, LiveOps live) {
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        new ProductSums(graph, shapes, live)
                .find()
                .forEach((op, terms) -> found.put(op, context -> List.of(sum(context.graph(), terms))));
        return found;
    }

    /** The rewrites of products with stored weights alone, of which nothing need be known but the graph. */
    static Map<String, OpRewrite> ofStoredWeights(SameDiff graph) {
        ProductSums sums = new ProductSums(graph, null, null);
        Map<String, OpRewrite> found = new LinkedHashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            // The weight is a matrix, and ND4J multiplies arrays of equal rank only.
            Terms terms = sums.isProduct(op) ? sums.product(op, 1) : null;
            if (terms != null && terms.products.get(0).stored() != null) {
                found.put(op.getName(), context -> List.of(sum(context.graph(), terms)));
            }
        }
        return found;
    }

    private static SDVariable sum(SameDiff graph, Terms terms) {
        return new ProductSum(graph, terms.products, in(graph, terms.operands), in(graph, terms.addends))
                .outputVariable();
    }

    private static List<SDVariable> in(SameDiff graph, List<String> names) {
        return names.stream().map(graph::getVariable).toList();
    }

    private Map<String, Terms> find() {
        Map<String, Terms> found = new LinkedHashMap<>();
        List<SameDiffOp> ops = GraphOrder.topological(graph);
        // From the last op on, so that a sum is met before its parts.
        for (int i = ops.size() - 1; i >= 0; i--) {
            SameDiffOp op = ops.get(i);
            if (live.contains(op) && !absorbed.contains(op.getName())) {
                Terms terms = isSum(op) ? sum(op) : isScaling(op) ? scaledProduct(op) : storedProduct(op);
                if (terms != null && !terms.products.isEmpty()) {
                    absorbed.addAll(terms.absorbed);
                    found.put(op.getName(), terms);
                }
            }
        }
        return found;
    }

    private Terms sum(SameDiffOp op) {
        String sum = op.getOutputsOfOp().get(0);
        return isMatrix(sum) ? terms(op, sum) : null;
    }

    // The scaling of an adapter, in the product that it follows. Gradients of weights have a way of their own.
    private Terms scaledProduct(SameDiffOp op) {
        Terms terms = isMatrix(op.getOutputsOfOp().get(0)) ? scaled(op) : null;
        return terms == null || terms.products.get(0).x() ? null : terms;
    }

    // Null if what is scaled is no product, or needed as it is; a stored weight is not multiplied by a number.
    private Terms scaled(SameDiffOp scaling) {
        String input = GraphOrder.inputs(scaling).get(0);
        SameDiffOp op = live.producer(input);
        if (op == null || live.onlyReader(input) == null || !isProduct(op)) {
            return null;
        }
        Terms terms = product(op, ((ScalarOp) scaling.getOp()).scalar().getDouble(0));
        terms.absorbed.add(scaling.getName());
        return terms.products.get(0).stored() == null ? terms : null;
    }

    // A product that stands alone becomes one of the op's own only for its weight, which is not computed then.
    private Terms storedProduct(SameDiffOp op) {
        if (!isProduct(op) || product(op, 1).products.get(0).stored() == null) {
            return null;
        }
        return isMatrix(op.getOutputsOfOp().get(0)) ? product(op, 1) : null;
    }

    // Null if a term is broadcast in a way that the op does not know.
    private Terms terms(SameDiffOp sum, String root) {
        Terms terms = new Terms();
        terms.absorbed.add(sum.getName());
        for (String input : GraphOrder.inputs(sum)) {
            if (!isFloat(input) || !shapes.knows(input)) {
                return null;
            }
            boolean full = isShapedLike(input, root);
            Terms inner = full ? inner(input, root) : null;
            if (inner != null) {
                terms.addAll(inner);
            } else if (full || isRowOf(input, root)) {
                terms.addends.add(input);
            } else {
                return null;
            }
        }
        return terms;
    }

    // The terms of an operand that nothing else needs; null if it must be computed as it is.
    private Terms inner(String variable, String root) {
        SameDiffOp op = live.producer(variable);
        if (op == null || live.onlyReader(variable) == null) {
            return null;
        }
        if (isSum(op)) {
            return terms(op, root);
        }
        if (isScaling(op)) {
            return scaled(op);
        }
        return isProduct(op) ? product(op, 1) : null;
    }

    private Terms product(SameDiffOp op, double scale) {
        DynamicCustomOp product = (DynamicCustomOp) op.getOp();
        Terms terms = new Terms();
        List<String> inputs = GraphOrder.inputs(op);
        StoredWeight stored = StoredWeights.find(graph, inputs.get(1)).orElse(null);
        boolean overBatch = MatmulAttributes.sumsOverBatch(graph, product, inputs.get(0), inputs.get(1));
        terms.products.add(new Term(
                scale,
                MatmulAttributes.transposes(product, 0),
                MatmulAttributes.transposes(product, 1),
                overBatch,
                stored));
        terms.operands.addAll(stored == null ? inputs : inputs.subList(0, 1));
        terms.absorbed.add(op.getName());
        return terms;
    }

    private static boolean isSum(SameDiffOp op) {
        return op.getOp().opName().equals("add") && GraphOrder.inputs(op).size() == 2;
    }

    private static boolean isScaling(SameDiffOp op) {
        return op.getOp().opName().equals("mul_scalar") && GraphOrder.inputs(op).size() == 1;
    }

    private boolean isProduct(SameDiffOp op) {
        if (!op.getOp().opName().equals("matmul")
                || !GraphOrder.inputs(op).stream().allMatch(this::isFloat)) {
            return false;
        }
        return MatmulAttributes.isPlain((DynamicCustomOp) op.getOp());
    }

    private boolean isMatrix(String variable) {
        return isFloat(variable) && shapes.knows(variable) && shapes.rank(variable) == 2;
    }

    private boolean isFloat(String variable) {
        return graph.getVariable(variable).dataType() == DataType.FLOAT;
    }

    private boolean isShapedLike(String variable, String matrix) {
        return shapes.rank(variable) == 2 && shapes.broadcastDimensions(variable, matrix).length == 0;
    }

    private boolean isRowOf(String variable, String matrix) {
        int[] dimensions = shapes.broadcastDimensions(variable, matrix);
        return shapes.rank(variable) == 1 && dimensions.length == 1 && dimensions[0] == 0;
    }
}
