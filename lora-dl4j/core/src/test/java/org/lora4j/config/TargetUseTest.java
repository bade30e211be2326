/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Methods that do not adapt their targets but train them, or rows of them. */
class TargetUseTest {

    @Test
    void normalizations_areTrainedAsTargets_unlessTheyAreModulesToSave() {
        LnTuningConfig config = LnTuningConfig.builder()
                .targetModules("norm", "ln_f")
                .excludeModules("h.1.norm")
                .modulesToSave("ln_f")
                .build();

        assertThat(config.selects("h.0.norm")).isFalse();
        assertThat(config.isTrainedTarget("h.0.norm")).isTrue();
        assertThat(config.savesFully("h.0.norm")).isTrue();
        assertThat(config.savesFully("h.1.norm")).isFalse();
        assertThat(config.isTrainedTarget("ln_f")).isFalse();
        assertThat(config.savesFully("ln_f")).isTrue();
    }

    @Test
    void rows_areThoseOfEveryTarget_orOfTheInputEmbedding() {
        TrainableTokensConfig.Builder rows = TrainableTokensConfig.builder().tokenIndices(4, 2);

        assertThat(rows.build().trainableTokens()).isEqualTo(TrainableTokens.ofInputEmbedding(4, 2));
        TrainableTokensConfig named = rows.targetModules("wte").build();
        assertThat(named.trainableTokens()).isEqualTo(TrainableTokens.of(Map.of("wte", List.of(4, 2))));
        assertThat(named.trainsRowsOf("h.wte")).isTrue();
        TrainableTokensConfig expression =
                rows.targetModules(ModuleSelector.regex("model\\.(wte|wpe)")).build();
        assertThat(expression.trainsRowsOf("model.wpe")).isTrue();
        assertThat(expression.unmatchedTokens(List.of("wte"))).containsExactly("model\\.(wte|wpe)");
    }

    @Test
    void wrongConfigs_areRefusedWithAllProblems() {
        assertThatThrownBy(() -> LnTuningConfig.builder()
                        .targetModules(ModuleSelector.allLinear())
                        .initialization(Initialization.RANDOM)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("all-linear, expected names of normalizations")
                .hasMessageContaining("PEFT's LN_TUNING has no field");
        assertThatThrownBy(() -> TrainableTokensConfig.builder()
                        .targetModules(ModuleSelector.allLinear())
                        .modulesToSave("head")
                        .tokenIndices(3, 3)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tokenIndices = [3, 3], expected ids of 0 or more, each once")
                .hasMessageContaining("modulesToSave = [head], for which PEFT's TRAINABLE_TOKENS has no field")
                .hasMessageContaining("all-linear, expected names of embeddings");
        assertThatThrownBy(() ->
                        TrainableTokensConfig.builder().targetModules("wte").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tokenIndices is empty");
    }
}
