/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.internal.engine.plan.PlanStep;
import org.lora4j.internal.engine.plan.PlanStep.Operand;

/** Kinds of steps of a plan, and the table of what counts as which. Matrix products are told apart by their shapes. */
enum StepKind {
    LAYERS("products with weights, forwards and back, with all that is added to them"),
    WEIGHT_GRADIENTS("products that give the gradients of weights"),
    THIN("thin products: a side of at most " + StepKind.MOST_THIN),
    ATTENTION("products of attention", "lora4j_attention", "lora4j_attention_bp"),
    SOFTMAX("softmax forwards and back", "softmax", "softmax_bp", "log_softmax"),
    ACTIVATIONS(
            "activation functions forwards and back, with what they gate",
            "gelu",
            "gelu_bp",
            "precise_gelu",
            "lora4j_sigmoid_gate",
            "lora4j_sigmoid_gate_bp",
            "relu",
            "thresholdedrelu_bp",
            "tanh",
            "tanh_bp",
            "sigmoid",
            "sigmoid_bp",
            "erf"),
    NORMS(
            "norms forwards and back",
            "layer_norm",
            "layer_norm_dx",
            "layer_norm_bp",
            "lora4j_row_norm",
            "lora4j_row_norm_bp",
            "batchnorm",
            "batchnorm_bp"),
    ROTATIONS("rotations of queries and keys", "lora4j_turned_heads", "lora4j_turned_heads_bp", "pairs", "pairs_bp"),
    LOOKUPS(
            "lookups, and gradients of tables",
            "gather",
            "lora4j_stored_lookup",
            "lora4j_table_gradient",
            "scatter_add",
            "one_hot",
            "onehot",
            "gather_nd"),
    LOSS(
            "losses",
            "lora4j_chunked_loss",
            "softmax_cross_entropy_loss",
            "softmax_cross_entropy_loss_grad",
            "softmax_cross_entropy_loss_with_logits",
            "softmax_cross_entropy_loss_with_logits_grad",
            "sparse_softmax_cross_entropy_loss_with_logits",
            "sparse_softmax_cross_entropy_loss_with_logits_grad"),
    MOVES(
            "copies in another order or type",
            "reshape",
            "permute",
            "transpose",
            "concat",
            "split",
            "stack",
            "tile",
            "cast",
            "lora4j_rounding",
            "slice"),
    SUMS(
            "sums, factors, masks",
            "add",
            "subtract",
            "multiply",
            "divide",
            "add_scalar",
            "sub_scalar",
            "rsub_scalar",
            "mul_scalar",
            "div_scalar",
            "rdiv_scalar",
            "neg",
            "maximum",
            "ones_as",
            "zeros_as",
            "zeroslike",
            "oneslike",
            "reduce_sum_bp",
            "reduce_mean_bp",
            "square",
            "sqrt",
            "exp",
            "log",
            "reduce_sum",
            "reduce_mean",
            "mean",
            "sum"),
    OTHER("other ops");

    static final int MOST_THIN = 64;

    private static final List<String> PRODUCTS =
            List.of("matmul", "mmul", "tensormmul", "lora4j_product_sum", "lora4j_view_product");
    private static final Map<String, StepKind> BY_WORK = new HashMap<>();

    static {
        for (StepKind kind : values()) {
            kind.works.forEach(work -> BY_WORK.put(work, kind));
        }
    }

    private final String label;
    private final List<String> works;

    StepKind(String label, String... works) {
        this.label = label;
        this.works = List.of(works);
    }

    String label() {
        return label;
    }

    static StepKind of(PlanStep step) {
        return PRODUCTS.contains(step.work()) ? ofProduct(step) : BY_WORK.getOrDefault(step.work(), OTHER);
    }

    private static StepKind ofProduct(PlanStep step) {
        boolean ofWeight = step.inputs().stream().anyMatch(Operand::weight);
        boolean batch = Stream.of(step.inputs(), step.outputs())
                .flatMap(List::stream)
                .anyMatch(operand -> operand.shape().size() > 2);
        if (batch && !ofWeight) {
            return ATTENTION;
        }
        Operand result = step.outputs().get(0);
        long inner = step.multiplications() / result.length();
        long smallest = Math.min(
                inner, result.shape().stream().mapToLong(Long::longValue).min().orElse(1));
        if (smallest <= MOST_THIN) {
            return THIN;
        }
        return ofWeight ? LAYERS : WEIGHT_GRADIENTS;
    }

    /** Bytes that a step touches: its inputs and outputs once, of a table only the rows that are taken. */
    static long bytes(PlanStep step) {
        long written = step.outputs().stream().mapToLong(Operand::bytes).sum();
        boolean takesRows = step.work().equals("gather") || step.work().equals("lora4j_stored_lookup");
        return written
                + (takesRows
                        ? written
                        : step.inputs().stream()
                                .distinct()
                                .mapToLong(Operand::bytes)
                                .sum());
    }
}
