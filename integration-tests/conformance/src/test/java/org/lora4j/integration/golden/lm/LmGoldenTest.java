/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The golden cases that are shipped; {@code mvn -Plm-golden verify} runs over any folder of them. */
class LmGoldenTest {

    private static final Path FIXTURES = Path.of("../../lora-dl4j/language/src/test/resources/language");

    @Test
    void cases_allPass() throws IOException {
        List<LmCase> cases = LmGolden.cases(FIXTURES);

        assertThat(cases).hasSizeGreaterThan(100);
        assertThat(cases)
                .filteredOn(each -> each.outcome() != LmCase.Outcome.PASSED)
                .isEmpty();
    }

    @Test
    void cases_whenNumbersDiffer_fail() throws IOException {
        Path model = FIXTURES.resolve("models/llama-gqa");

        assertThat(DecoderCases.check(model, golden -> golden.get("left.logits").addi(1e-3))
                        .outcome())
                .isEqualTo(LmCase.Outcome.FAILED);
        assertThat(DecoderCases.check(
                                model,
                                golden -> golden.values().stream()
                                        .filter(array -> array.rank() == 2
                                                && array.dataType().isFPType())
                                        .forEach(array -> array.addi(1e-2)))
                        .outcome())
                .isEqualTo(LmCase.Outcome.FAILED);
    }
}
