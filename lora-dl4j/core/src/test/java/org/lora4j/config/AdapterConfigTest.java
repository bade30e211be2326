/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every config does by the table of its fields. */
class AdapterConfigTest {

    static Stream<AdapterConfig.Builder<?>> builders() {
        return Stream.of(LoraConfig.builder(), LohaConfig.builder(), Ia3Config.builder());
    }

    @ParameterizedTest
    @MethodSource("builders")
    void fields_ofAMethod_haveNamesOfTheirOwn(AdapterConfig.Builder<?> builder) {
        assertThat(builder.fields()).extracting(FieldType.Field::name).doesNotHaveDuplicates();
        assertThat(builder.fields()).extracting(FieldType.Field::peftName).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("builders")
    void toBuilder_ofAConfig_buildsAnEqualOne(AdapterConfig.Builder<?> builder) {
        AdapterConfig config = builder.targetModules("a")
                .modulesToSave("b")
                .taskType("SEQ_CLS")
                .build();

        assertThat(config.toBuilder().build()).isEqualTo(config).hasSameHashCodeAs(config);
        assertThat(config.toBuilder().taskType("x").build()).isNotEqualTo(config);
        assertThat(config)
                .hasToString(
                        config.getClass().getSimpleName() + "{targetModules=[a], modulesToSave=[b], taskType=SEQ_CLS}");
    }

    @ParameterizedTest
    @MethodSource("builders")
    void build_afterwardsTheBuilderIsChanged_leavesTheConfig(AdapterConfig.Builder<?> builder) {
        List<String> names = new ArrayList<>(List.of("a"));
        AdapterConfig config = builder.modulesToSave(names).build();

        names.add("b");
        builder.modulesToSave("c");

        assertThat(config.modulesToSave()).containsExactly("a");
    }

    @Test
    void build_withAFieldThatOnlyOthersHave_refusesItByName() {
        assertThatThrownBy(() -> Ia3Config.builder()
                        .targetModules("a")
                        .layersToTransform(1)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Ia3Config: layersToTransform = [1], for which PEFT's IA3 has no field, expected []");
        assertThatThrownBy(() -> LohaConfig.builder()
                        .targetModules("a")
                        .fanInFanOut(true)
                        .build())
                .hasMessage("LohaConfig: fanInFanOut = true, for which PEFT's LOHA has no field, expected false");
        assertThat(LohaConfig.builder().targetModules("a").fanInFanOut(false).build())
                .isEqualTo(LohaConfig.builder().targetModules("a").build());
    }

    /** As PEFT's {@code re.match(".*\\.{key}$")}, and a key that is the whole path. */
    @Test
    void patternOfC3a_matchesTheEndOfAPathBehindADot_orAllOfIt() {
        C3aConfig config = C3aConfig.builder()
                .blockSize(4)
                .blockSizePattern(Map.of("fc[12]", 8, "head", 2))
                .targetModules("fc1", "head")
                .build();

        assertThat(config.blockSizeOf("net.fc1")).isEqualTo(8);
        assertThat(config.blockSizeOf("fc1")).isEqualTo(4);
        assertThat(config.blockSizeOf("head")).isEqualTo(2);
    }
}
