/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff.rules;

import java.util.Map;
import org.nd4j.autodiff.functions.DifferentialFunction;

/**
 * The table of rules by the name of the op. An op without a line is differentiated by its own {@code doDiff}.
 *
 * @apiNote Status: internal
 */
public final class GradientRules {

    private static final GradientRule STOCK = new StockRule();

    private static final Map<String, GradientRule> RULES = Map.ofEntries(
            Map.entry("add", ElementwiseRules::add),
            Map.entry("subtract", ElementwiseRules::subtract),
            Map.entry("multiply", ElementwiseRules::multiply),
            Map.entry("divide", ElementwiseRules::divide),
            Map.entry("biasadd", ElementwiseRules::biasAdd),
            Map.entry("erf", ElementwiseRules::erf),
            Map.entry("matmul", new MatmulRule()),
            Map.entry("tensordot", new TensordotRule()),
            Map.entry("xw_plus_b", LinearRules::xwPlusB),
            Map.entry("relu_layer", LinearRules::reluLayer),
            Map.entry("layer_norm", new LayerNormRule()),
            Map.entry("softmax", new SoftmaxRule()),
            Map.entry("gather", new GatherRule()));

    private GradientRules() {}

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
