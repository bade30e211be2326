/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplingCasesTest {

    private static final Path FIXTURES = Path.of("../../lora-dl4j/language/src/test/resources/language/sampling");

    @TempDir
    Path folder;

    @Test
    void casesOfTransformers_pass() throws IOException {
        assertThat(SamplingCases.run(FIXTURES))
                .hasSize(84)
                .allSatisfy(one -> assertThat(one.outcome()).as(one.toString()).isEqualTo(LmCase.Outcome.PASSED));
    }

    @Test
    void caseWithAnotherChain_fails_andSaysWhere() throws IOException {
        Files.copy(FIXTURES.resolve("golden.safetensors"), folder.resolve("golden.safetensors"));
        Files.writeString(folder.resolve("case.json"), """
                {"tolerance": {"atol": 1e-9, "rtol": 1e-9}, "cases": [
                  {"name": "top-k.normal", "input": "logits.normal", "kept_per_row": [5, 5, 5],
                   "chain": [{"processor": "top_k", "value": 4}]},
                  {"name": "top-k.flat", "input": "logits.flat", "kept_per_row": [5, 5, 5],
                   "chain": [{"processor": "top_g", "value": 5}]}]}
                """);

        List<LmCase> cases = SamplingCases.run(folder);

        assertThat(cases).extracting(LmCase::outcome).containsOnly(LmCase.Outcome.FAILED);
        assertThat(cases.get(0).name()).isEqualTo("sampling/top-k.normal");
        assertThat(cases.get(0).detail()).contains("row 0 logits of id ", "row 2: 4 tokens kept, expected 5");
        assertThat(cases.get(1).detail()).contains("\"top_g\" is not known");
    }
}
