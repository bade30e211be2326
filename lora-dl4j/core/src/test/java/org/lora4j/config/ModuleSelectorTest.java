/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModuleSelectorTest {

    @ParameterizedTest
    @CsvSource({
        "query, query, true",
        "query, layer.0.query, true",
        "query, layer.0.xquery, false",
        "query, query.dense, false",
        "0.query, layer.0.query, true",
        "0.query, layer.10.query, false",
        "4, 4, true",
        "4, 14, false"
    })
    void suffixes_matchWholeSegmentsAtTheEnd(String name, String path, boolean expected) {
        assertThat(ModuleSelector.suffixes(name).matches(path)).isEqualTo(expected);
    }

    @Test
    void regex_matchesTheWholePathOnly() {
        ModuleSelector selector = ModuleSelector.regex("layers\\.(0|2)\\.(q_proj|down)");

        assertThat(List.of("layers.0.q_proj", "layers.1.q_proj", "x.layers.0.q_proj", "layers.2.down.x"))
                .filteredOn(selector::matches)
                .containsExactly("layers.0.q_proj");
    }

    @Test
    void suffixes_inAnyOrder_areEqual() {
        assertThat(ModuleSelector.suffixes("a", "b"))
                .isEqualTo(ModuleSelector.suffixes("b", "a"))
                .hasSameHashCodeAs(ModuleSelector.suffixes("b", "a"))
                .isNotEqualTo(ModuleSelector.suffixes("a"));
    }

    @Test
    void regexes_areEqualByExpression() {
        assertThat(ModuleSelector.regex("a|b"))
                .isEqualTo(ModuleSelector.regex("a|b"))
                .isNotEqualTo(ModuleSelector.regex("b|a"));
    }

    @Test
    void suffixes_ofNoNames_selectNothing() {
        assertThat(ModuleSelector.suffixes()).isEqualTo(ModuleSelector.none());
    }

    @Test
    void unmatched_ofSuffixes_namesThoseWithoutModule() {
        ModuleSelector selector = ModuleSelector.suffixes("query", "q_porj", "valeu");

        assertThat(selector.unmatched(List.of("l.0.query", "l.0.value"))).containsExactly("q_porj", "valeu");
    }

    @Test
    void unmatched_ofARegexWithoutMatch_isTheExpression() {
        assertThat(ModuleSelector.regex("fc\\d").unmatched(List.of("fcx"))).containsExactly("fc\\d");
    }

    @Test
    void unmatched_ofAllLinearWithoutModules_isAllLinear() {
        assertThat(ModuleSelector.allLinear().unmatched(List.of())).containsExactly("all-linear");
    }

    @Test
    void problems_ofABrokenRegex_quoteIt() {
        assertThat(ModuleSelector.regex("fc(").problems())
                .singleElement()
                .asString()
                .contains("\"fc(\"");
    }

    @Test
    void regex_ofNull_saysWhatIsMissing() {
        assertThatThrownBy(() -> ModuleSelector.regex(null)).hasMessageContaining("expected an expression");
    }
}
