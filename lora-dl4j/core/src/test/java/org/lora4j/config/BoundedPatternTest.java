/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lora4j.error.CostlyExpressionException;

/** Expressions of strangers. */
@Timeout(20)
class BoundedPatternTest {

    private static final String PATH = "a".repeat(40);

    private static final String ENDLESS = "(.*a){12}b";

    @Test
    void matches_aGroupNamedAsInPython_matchesLikeOneWithoutAName() {
        ModuleSelector selector = ModuleSelector.regex("(?P<list_of>layers)\\.(?P<at>\\d)\\.q");

        assertThat(selector.matches("layers.1.q")).isTrue();
        assertThat(selector.matches("layers.x.q")).isFalse();
    }

    @Test
    void matches_anEscapedParenthesis_isLeftAsItIs() {
        assertThat(ModuleSelector.regex("a\\(?P<x>").matches("a(P<x>")).isTrue();
    }

    @Test
    void matches_anExpressionThatBacktracksWithoutEnd_endsAndSaysSo() {
        ModuleSelector selector = ModuleSelector.regex(ENDLESS);

        assertThatThrownBy(() -> selector.matches(PATH))
                .isInstanceOf(CostlyExpressionException.class)
                .hasMessageContaining("\"(.*a){12}b\" looks at more than 1000000 characters to match the path \"aaaa");
    }

    @Test
    void rankOf_aPatternThatBacktracksWithoutEnd_endsAndSaysSo() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("q")
                .rankPattern(Map.of(ENDLESS, 4))
                .build();

        assertThatThrownBy(() -> config.rankOf(PATH)).isInstanceOf(CostlyExpressionException.class);
    }

    @Test
    void selects_aListNameThatBacktracksWithoutEnd_endsAndSaysSo() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("q")
                .layersToTransform(1)
                .layersPattern(ENDLESS)
                .build();

        assertThatThrownBy(() -> config.selects("x." + PATH + ".1.q")).isInstanceOf(CostlyExpressionException.class);
    }

    @Test
    void matches_anExpressionThatRecursesForEachCharacter_endsAndSaysSo() {
        ModuleSelector selector = ModuleSelector.regex("(a|b)*");

        assertThatThrownBy(() -> selector.matches("a".repeat(400_000)))
                .isInstanceOf(CostlyExpressionException.class)
                .hasMessageContaining("recurses too deeply")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(700));
    }

    @Test
    void regex_ofBracketsWithinBracketsByTheThousand_isAProblemAndNoError() {
        int depth = 200_000;

        assertThat(ModuleSelector.regex("(".repeat(depth) + ")".repeat(depth)).problems())
                .singleElement()
                .asInstanceOf(InstanceOfAssertFactories.STRING)
                .contains("tack overflow")
                .hasSizeLessThan(400);
    }

    @Test
    void matches_anHonestExpressionOnALongPath_isAnswered() {
        ModuleSelector selector = ModuleSelector.regex(".*\\.(self_attn|mlp)\\.(q_proj|k_proj|v_proj|o_proj|up_proj)");

        assertThat(selector.matches("model.layers.31." + "block.".repeat(30) + "self_attn.v_proj"))
                .isTrue();
        assertThat(selector.matches("model.layers.31." + "block.".repeat(30) + "norm"))
                .isFalse();
    }
}
