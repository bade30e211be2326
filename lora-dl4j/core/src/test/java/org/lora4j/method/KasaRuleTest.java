/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.config.KasaOptions;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class KasaRuleTest {

    private static final Map<String, Map<String, String>> NAMES =
            Map.of("m", Map.of("lora_A.weight", "a", "lora_B.weight", "b", "lora_diag", "d"));

    private static StepRule rule(double beta, double gamma) {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .kasa(new KasaOptions(beta, gamma))
                .targetModules("m")
                .build();
        return AdapterMethods.stepRule(config, NAMES, changed -> {}).orElse(null);
    }

    private static Map<String, INDArray> values(double[][] a) {
        Map<String, INDArray> values = new LinkedHashMap<>();
        values.put("d", Nd4j.createFromArray(3.0, 4.0));
        values.put("a", Nd4j.createFromArray(a));
        values.put("b", Nd4j.createFromArray(new double[][] {{1, 0}, {0, 0}, {0, 1}}));
        return values;
    }

    @Test
    void penalty_isThatOfPeft() {
        // d: 0.5 * 25; A: 2 * |diag(4 - 1, 0)|; B is orthonormal.
        StepRule.Term term = rule(0.5, 2).penalty(values(new double[][] {{2, 0, 0}, {0, 1, 0}}));

        assertThat(term.loss()).isEqualTo(12.5 + 6, offset(1e-12));
        assertThat(term.gradients()).containsOnlyKeys("d", "a", "b");
        assertThat(term.gradients().get("d").toDoubleVector()).containsExactly(3, 4);
        // Of 2 (x^2 - 1) at x = 2.
        assertThat(term.gradients().get("a").data().asDouble()).containsExactly(8, 0, 0, 0, 0, 0);
        assertThat(term.gradients().get("b").data().asDouble()).containsOnly(0);
    }

    @Test
    void penalty_ofFactorsAsAHostKeepsThem_isTheSame() {
        StepRule.Term term = rule(0.5, 2).penalty(values(new double[][] {{2, 0}, {0, 1}, {0, 0}}));

        assertThat(term.loss()).isEqualTo(18.5, offset(1e-12));
        assertThat(term.gradients().get("a").shape()).containsExactly(3, 2);
    }

    @Test
    void penalty_hasTheGradientsOfDifferences() {
        StepRule rule = rule(0.3, 0.7);
        Map<String, INDArray> values = values(new double[][] {{0.3, -0.2, 0.9}, {0.5, 1.1, -0.4}});
        rule.penalty(values).gradients().forEach((name, gradient) -> {
            INDArray value = values.get(name).reshape(-1);
            for (int i = 0; i < value.length() && !name.equals("b"); i++) {
                double before = value.getDouble(i);
                value.putScalar(i, before + 1e-6);
                double up = rule.penalty(values).loss();
                value.putScalar(i, before - 1e-6);
                double down = rule.penalty(values).loss();
                value.putScalar(i, before);
                assertThat(gradient.data().getDouble(i)).as(name).isEqualTo((up - down) / 2e-6, offset(1e-7));
            }
        });
    }

    @Test
    void rule_isForThoseWithWeights_andRemembersNothing() {
        assertThat(rule(0, 0)).isNull();
        assertThat(rule(1, 0).state()).isEmpty();
        assertThatThrownBy(() -> rule(1, 0).restore(Map.of("x", Nd4j.scalar(1.0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("remember nothing");
    }
}
