/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.autodiff.functions.DifferentialFunction;

/**
 * The table of rules by the name of the op. An op without a line is differentiated by its own {@code doDiff}.
 *
 * @apiNote Status: internal
 */
public final class GradientRules {

    private static final GradientRule STOCK = new StockRule();

    private static final Map<String, GradientRule> RULES = new HashMap<>();

    static {
        RULES.put("add", ElementwiseRules::add);
        RULES.put("subtract", ElementwiseRules::subtract);
        RULES.put("multiply", ElementwiseRules::multiply);
        RULES.put("divide", ElementwiseRules::divide);
        RULES.put("biasadd", ElementwiseRules::biasAdd);
        RULES.put("erf", ElementwiseRules::erf);
        RULES.put("matmul", new MatmulRule());
        RULES.put("tensordot", new TensordotRule());
        RULES.put("xw_plus_b", LinearRules::xwPlusB);
        RULES.put("relu_layer", LinearRules::reluLayer);
        RULES.put("layer_norm", new LayerNormRule());
        RULES.put("softmax", new SoftmaxRule());
        RULES.put("gather", new GatherRule());
        RULES.put("cumsum", ReductionRules::cumsum);
        RULES.put("reduce_logsumexp", ReductionRules::logSumExp);
        RULES.put("log_softmax", ReductionRules::logSoftmax);
        RULES.put("l2_loss", ReductionRules::halfSquares);
        RULES.put("batchnorm", new BatchNormRule());
        RULES.put("cas", c -> (c.inputCount() > 1 ? new WrongGradient() : STOCK).apply(c));
        WrongGradient.OPS.forEach(op -> RULES.put(op, new WrongGradient()));
        LossOp.ALL.forEach(loss -> RULES.put(loss.name(), new LossRule()));
    }

    private GradientRules() {}

    /** The names of the ops that have a line and a gradient. */
    static Set<String> ops() {
        return RULES.keySet().stream()
                .filter(op -> !WrongGradient.OPS.contains(op))
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The rule for an op.
     *
     * @return its line of the table, or the rule that asks the op itself
     */
    public static GradientRule of(DifferentialFunction op) {
        return RULES.getOrDefault(op.opName(), STOCK);
    }
}
