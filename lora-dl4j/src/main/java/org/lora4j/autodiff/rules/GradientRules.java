/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff.rules;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
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
        LossRule.OPS.forEach(op -> RULES.put(op, new LossRule()));
    }

    private GradientRules() {}

    /** The names of the ops that have a line. */
    static Set<String> ops() {
        return Set.copyOf(RULES.keySet());
    }

    /**
     * The rule for an op.
     *
     * @param op an op
     * @return its line of the table, or the rule that asks the op itself
     */
    public static GradientRule of(DifferentialFunction op) {
        return RULES.getOrDefault(op.opName(), STOCK);
    }
}
