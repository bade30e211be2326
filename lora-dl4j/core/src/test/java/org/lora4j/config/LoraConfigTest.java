/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LoraConfigTest {

    @Test
    void build_withTargetsOnly_hasThePeftDefaults() {
        LoraConfig config = LoraConfig.builder().targetModules("query").build();

        assertThat(config.rank()).isEqualTo(8);
        assertThat(config.alpha()).isEqualTo(8.0);
        assertThat(config.dropout()).isZero();
        assertThat(config.scalingRule()).isEqualTo(Scaling.STANDARD);
        assertThat(config.bias()).isEqualTo(BiasTraining.NONE);
        assertThat(config.initialization()).isEqualTo(Initialization.KAIMING_UNIFORM);
    }

    @Test
    void build_withSeveralMistakes_reportsAllAtOnce() {
        LoraConfig.Builder builder = LoraConfig.builder().rank(0).dropout(1.0).targetModules("q");

        assertThatThrownBy(() -> builder.rankPattern(Map.of("fc(", 2)).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("LoraConfig: 3 problems: rank = 0, expected 1 or more; ")
                .hasMessageContaining("dropout = 1.0, expected ")
                .hasMessageContaining("rankPattern key \"fc(\" is not a regular expression");
    }

    static List<Arguments> mistakes() {
        return List.of(
                mistake(b -> b.rank(-3), "rank = -3"),
                mistake(b -> b.alpha(Double.NaN), "alpha = NaN"),
                mistake(b -> b.alpha(Double.POSITIVE_INFINITY), "alpha = Infinity"),
                mistake(b -> b.alpha(-1), "alpha = -1.0"),
                mistake(b -> b.dropout(-0.1), "dropout = -0.1"),
                mistake(b -> b.dropout(Double.NaN), "dropout = NaN"),
                mistake(b -> b.targetModules(), "targetModules selects nothing"),
                mistake(b -> b.targetModules((ModuleSelector) null), "targetModules = null"),
                mistake(b -> b.targetModules("a", " "), "targetModules has an empty name"),
                mistake(b -> b.targetModules(ModuleSelector.regex("*a")), "targetModules = \"*a\""),
                mistake(b -> b.excludeModules(ModuleSelector.allLinear()), "excludeModules = all-linear"),
                mistake(b -> b.excludeModules(ModuleSelector.regex("[")), "excludeModules = \"[\""),
                mistake(b -> b.layersPattern("layers"), "layersPattern = [layers] without layersToTransform"),
                mistake(b -> b.layersToTransform(1).layersPattern("("), "layersPattern \"(\""),
                mistake(b -> b.layersToTransform(1).layersPattern(""), "layersPattern has an empty name"),
                mistake(b -> b.layersToTransform(-1), "layersToTransform = [-1]"),
                mistake(b -> b.layersToTransform(Arrays.asList(1, null)), "layersToTransform = [1, null]"),
                mistake(b -> b.layersToTransform(1).targetModules(ModuleSelector.allLinear()), "found all-linear"),
                mistake(b -> b.layersToTransform(1).targetModules(ModuleSelector.regex("a")), "found regex a"),
                mistake(b -> b.rankPattern(Map.of("a", 0)), "rankPattern \"a\" = 0"),
                mistake(b -> b.alphaPattern(Map.of("a", Double.NaN)), "alphaPattern \"a\" = NaN"),
                mistake(b -> b.alphaPattern(Map.of("(", 1.0)), "alphaPattern key \"(\""),
                mistake(b -> b.rankPattern(nullKey()), "rankPattern has a null key"),
                mistake(b -> b.modulesToSave("head", ""), "modulesToSave has an empty name"),
                mistake(b -> b.scalingRule(null), "scalingRule = null"),
                mistake(b -> b.bias(null), "bias = null"),
                mistake(b -> b.initialization(null), "initialization = null"));
    }

    private static Arguments mistake(Consumer<LoraConfig.Builder> edit, String expected) {
        return Arguments.of(expected, edit);
    }

    private static Map<String, Integer> nullKey() {
        Map<String, Integer> map = new LinkedHashMap<>();
        map.put(null, 1);
        return map;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void build_withAMistake_namesFieldAndValue(String expected, Consumer<LoraConfig.Builder> edit) {
        LoraConfig.Builder builder = LoraConfig.builder().targetModules("query");
        edit.accept(builder);

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("LoraConfig: ")
                .hasMessageContaining(expected);
    }

    @Test
    void build_withoutTargetsButWithModulesToSave_isAllowed() {
        LoraConfig config = LoraConfig.builder().modulesToSave("classifier").build();

        assertThat(config.selects("classifier")).isFalse();
        assertThat(config.savesFully("bert.classifier")).isTrue();
    }

    @Test
    void scalingOf_followsRuleAndPatterns() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("query", "value")
                .rank(4)
                .alpha(8)
                .rankPattern(Map.of("value", 16))
                .alphaPattern(Map.of("layer.1.query", 2.0))
                .build();
        LoraConfig stabilized =
                config.toBuilder().scalingRule(Scaling.RANK_STABILIZED).build();

        assertThat(config.scalingOf("layer.0.query")).isEqualTo(2.0);
        assertThat(config.scalingOf("layer.1.query")).isEqualTo(0.5);
        assertThat(config.scalingOf("layer.0.value")).isEqualTo(0.5);
        assertThat(stabilized.scalingOf("layer.0.value")).isEqualTo(2.0);
        assertThat(stabilized.scalingOf("layer.1.query")).isCloseTo(1.0, within(1e-15));
    }

    @Test
    void rankOf_whenSeveralKeysMatch_takesTheFirst() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("0.query", 2);
        ranks.put("query|value", 3);
        LoraConfig config =
                LoraConfig.builder().targetModules("query").rankPattern(ranks).build();

        assertThat(config.rankOf("layer.0.query")).isEqualTo(2);
        assertThat(config.rankOf("layer.1.query")).isEqualTo(3);
        assertThat(config.rankOf("layer.1.xquery")).isEqualTo(8);
        assertThat(config.rankOf("layer.1.query.dense")).isEqualTo(8);
    }

    @Test
    void selects_withLayers_needsAParentBeforeTheLayerList() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("q_proj")
                .layersToTransform(1)
                .build();

        assertThat(config.selects("enc.layers.1.q_proj")).isTrue();
        assertThat(config.selects("enc.layers.0.q_proj")).isFalse();
        assertThat(config.selects("enc.layers.11.q_proj")).isFalse();
        assertThat(config.selects("layers.1.q_proj")).isFalse();
    }

    @Test
    void selects_withLayers_countsTheFirstNumberOnly() {
        LoraConfig config =
                LoraConfig.builder().targetModules("up").layersToTransform(1).build();

        assertThat(config.selects("m.layers.1.experts.0.up")).isTrue();
        assertThat(config.selects("m.layers.0.experts.1.up")).isFalse();
    }

    @Test
    void selects_aTargetGivenInFull_whateverItsLayer() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("layers.0.q_proj", "v_proj")
                .layersToTransform(1)
                .build();

        assertThat(config.selects("layers.0.q_proj")).isTrue();
    }

    @Test
    void selects_withLayersPattern_looksAtThatListOnly() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("down")
                .layersToTransform(0, 2)
                .layersPattern("h")
                .build();

        assertThat(List.of("enc.layers.0.down", "dec.h.0.down", "dec.h.1.down", "dec.h.2.down", "dec.xh.2.down"))
                .filteredOn(config::selects)
                .containsExactly("dec.h.0.down", "dec.h.2.down");
    }

    @Test
    void selects_anIndexLargerThanAnyInteger_isNotALayer() {
        LoraConfig config =
                LoraConfig.builder().targetModules("q").layersToTransform(1).build();

        assertThat(config.selects("m.layers.99999999999999999999.q")).isFalse();
    }

    @Test
    void selects_excludesWin() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("v_proj", "q_proj")
                .excludeModules("2.v_proj", "layers.1.q_proj")
                .build();

        assertThat(List.of("layers.1.q_proj", "layers.1.v_proj", "layers.2.q_proj", "layers.2.v_proj"))
                .filteredOn(config::selects)
                .containsExactly("layers.1.v_proj", "layers.2.q_proj");
    }

    @Test
    void selects_nothingWithinAFullySavedModule() {
        LoraConfig config = LoraConfig.builder()
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave("classifier")
                .build();

        assertThat(List.of("bert.classifier", "classifier.dense", "bert.xclassifier"))
                .filteredOn(config::selects)
                .containsExactly("bert.xclassifier");
    }

    @Test
    void unmatchedTargets_countsLayers() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("q", "v")
                .layersToTransform(1)
                .build();

        assertThat(config.unmatchedTargets(List.of("m.layers.0.q", "m.layers.1.v")))
                .containsExactly("q");
    }

    @Test
    void unmatchedPatterns_namesFieldAndKey() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("q")
                .excludeModules("x")
                .rankPattern(Map.of("r", 2))
                .alphaPattern(Map.of("a", 2.0))
                .build();

        assertThat(config.unmatchedPatterns(List.of("m.q")))
                .containsExactly("excludeModules \"x\"", "rankPattern \"r\"", "alphaPattern \"a\"");
    }

    @Test
    void toBuilder_thenBuild_givesAnEqualConfig() {
        LoraConfig config = full();

        assertThat(config.toBuilder().build()).isEqualTo(config).hasSameHashCodeAs(config);
    }

    static List<Arguments> edits() {
        return List.of(
                edit(b -> b.rank(3)),
                edit(b -> b.alpha(3)),
                edit(b -> b.dropout(0.3)),
                edit(b -> b.targetModules("z")),
                edit(b -> b.excludeModules("z")),
                edit(b -> b.layersToTransform(7)),
                edit(b -> b.layersPattern("z")),
                edit(b -> b.rankPattern(Map.of("z", 1))),
                edit(b -> b.alphaPattern(Map.of("z", 1.0))),
                edit(b -> b.scalingRule(Scaling.STANDARD)),
                edit(b -> b.bias(BiasTraining.ALL)),
                edit(b -> b.modulesToSave("z")),
                edit(b -> b.initialization(Initialization.RANDOM)),
                edit(b -> b.fanInFanOut(false)),
                edit(b -> b.baseModelName("z")),
                edit(b -> b.taskType("z")));
    }

    private static Arguments edit(Consumer<LoraConfig.Builder> edit) {
        return Arguments.of(edit);
    }

    @ParameterizedTest
    @MethodSource("edits")
    void equals_seesEveryField(Consumer<LoraConfig.Builder> edit) {
        LoraConfig.Builder builder = full().toBuilder();
        edit.accept(builder);

        assertThat(builder.build()).isNotEqualTo(full());
    }

    @Test
    void equals_seesTheOrderOfPatterns() {
        Map<String, Integer> one = new LinkedHashMap<>();
        one.put("a", 1);
        one.put("b", 2);
        Map<String, Integer> other = new LinkedHashMap<>();
        other.put("b", 2);
        other.put("a", 1);

        assertThat(LoraConfig.builder().targetModules("a").rankPattern(one).build())
                .isNotEqualTo(LoraConfig.builder()
                        .targetModules("a")
                        .rankPattern(other)
                        .build());
    }

    @Test
    void toString_showsOnlyWhatDiffersFromTheDefaults() {
        LoraConfig config =
                LoraConfig.builder().rank(4).targetModules("query", "value").build();

        assertThat(config).hasToString("LoraConfig{rank=4, targetModules=[query, value]}");
    }

    @Test
    void build_isNotChangedByLaterChangesOfTheGivenMap() {
        Map<String, Integer> ranks = new LinkedHashMap<>(Map.of("a", 2));
        LoraConfig config =
                LoraConfig.builder().targetModules("a").rankPattern(ranks).build();

        ranks.put("a", 5);

        assertThat(config.rankOf("a")).isEqualTo(2);
    }

    private static LoraConfig full() {
        return LoraConfig.builder()
                .rank(4)
                .alpha(16)
                .dropout(0.1)
                .targetModules("query", "value")
                .excludeModules("0.value")
                .layersToTransform(0, 1)
                .layersPattern("layer")
                .rankPattern(Map.of("query", 2))
                .alphaPattern(Map.of("value", 4.0))
                .scalingRule(Scaling.RANK_STABILIZED)
                .bias(BiasTraining.ADAPTED_ONLY)
                .modulesToSave("classifier")
                .initialization(Initialization.GAUSSIAN)
                .fanInFanOut(true)
                .baseModelName("bert")
                .taskType("SEQ_CLS")
                .build();
    }
}
