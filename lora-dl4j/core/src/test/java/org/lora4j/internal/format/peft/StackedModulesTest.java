/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;

class StackedModulesTest {

    private static final PeftFile PLAIN =
            PeftFile.of(LoraConfig.builder().targetModules("local").build());

    private final Problems problems = new Problems();

    private StackedModules read(Object field) {
        return StackedModules.of(new PeftFile(PLAIN.config(), Map.of(StackedModules.FIELD, field)), problems);
    }

    @Test
    void in_addsTheField_thatOfReads() {
        StackedModules modules = new StackedModules(Map.of("net.local", 5));

        PeftFile file = modules.in(PLAIN);

        assertThat(file.extras()).containsOnlyKeys("lora4j_stacked_modules");
        assertThat(StackedModules.of(file, problems)).isEqualTo(modules);
        assertThat(problems.isEmpty()).isTrue();
    }

    @Test
    void in_withoutModules_leavesTheFileAlone() {
        assertThat(new StackedModules(Map.of()).in(PLAIN)).isSameAs(PLAIN);
    }

    @Test
    void parts_ofAModuleThatIsNotNamed_isOne() {
        StackedModules modules = read(Map.of("local", 3L));

        assertThat(modules.parts("local")).isEqualTo(3);
        assertThat(modules.parts("other")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 0, -2, 2.5, 1e18, Double.NaN})
    void of_aNumberThatIsNone_isAProblem(double number) {
        assertThat(read(Map.of("local", number)).parts()).isEmpty();

        assertThat(problems.message("x"))
                .contains("lora4j_stacked_modules: \"local\" = " + number + ", expected a whole number above 1");
    }

    @Test
    void of_aFieldOfAnotherType_isAProblem() {
        assertThat(read("local").parts()).isEmpty();
        assertThat(read(Map.of("local", "3")).parts()).isEmpty();

        assertThat(problems.list())
                .containsExactly(
                        "lora4j_stacked_modules = local, expected numbers of parts by module path",
                        "lora4j_stacked_modules: \"local\" = 3, expected a whole number above 1");
    }
}
