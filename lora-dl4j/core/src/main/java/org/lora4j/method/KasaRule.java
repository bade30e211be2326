/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.config.KasaOptions;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The penalties of KaSA in a training: {@code beta |d|^2 + gamma (|A A^T - I| + |B^T B - I|)}, the sum over all modules.
 *
 * <p><i>Source:</i> Wang et al. 2024, arXiv 2412.06071, equations 9 to 12; PEFT: {@code _get_kasa_loss}, which whoever trains
 * has to add.
 */
final class KasaRule implements StepRule {

    private final KasaOptions options;
    private final Map<String, Map<String, String>> names;

    /** {@code names} tells the parameters by module and suffix. */
    KasaRule(KasaOptions options, Map<String, Map<String, String>> names) {
        this.options = options;
        this.names = names;
    }

    @Override
    public Term penalty(Map<String, INDArray> values) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        double loss = 0;
        for (Map<String, String> module : names.values()) {
            String diagonal = module.get(KasaMethod.DIAGONAL);
            INDArray d = values.get(diagonal);
            double length = d.norm2Number().doubleValue();
            loss += options.beta() * length * length;
            gradients.put(diagonal, d.mul(2 * options.beta()));
            for (String suffix : new String[] {LoraMethod.A, LoraMethod.B}) {
                INDArray factor = values.get(module.get(suffix));
                // Thin factors lie as a host likes them. Of a square one rows and columns are equally far.
                NearOrthonormal near = NearOrthonormal.of(factor, factor.size(0) == d.length());
                loss += options.gamma() * near.distance();
                gradients.put(module.get(suffix), near.gradient().muli(options.gamma()));
            }
        }
        return new Term(loss, gradients);
    }

    @Override
    public void afterStep(long step, Map<String, INDArray> values, Map<String, INDArray> gradients) {
        // Nothing but the penalties.
    }

    @Override
    public void afterRun(Map<String, INDArray> values) {
        // As above.
    }

    @Override
    public Map<String, INDArray> state() {
        return Map.of();
    }

    @Override
    public void restore(Map<String, INDArray> state) {
        if (!state.isEmpty()) {
            throw new IllegalArgumentException("the penalties of KaSA remember nothing, found " + state.keySet());
        }
    }

    @Override
    public String toString() {
        return "KasaRule[" + options + ", " + names.size() + " modules]";
    }
}
