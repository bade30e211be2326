/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenReportTest {

    private static final GoldenReport REPORT = new GoldenReport(List.of(
            result("a", Status.PASSED, new Check("y_base", 2, 1e-7, null)),
            result("b", Status.FAILED, new Check("y_base", 1, 0.5, "output: element 0 is 1, expected 0.5")),
            result("c", Status.PASSED, new Check("load", 1, null, null)),
            result("d", Status.UNSUPPORTED)));

    private static CaseResult result(String name, Status status, Check... checks) {
        return new CaseResult(name, "lora-linear", Path.of("cases", name), status, List.of(checks), "why");
    }

    @Test
    void summary_countsEveryStatus() {
        assertThat(REPORT.summary()).isEqualTo("2 passed, 1 failed, 1 unsupported");
    }

    @Test
    void write_givesCountsAndChecksOfEveryCase(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("below/report.json");

        REPORT.write(file);

        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.get("passed").asInt()).isEqualTo(2);
        assertThat(json.at("/cases/1/case").asText()).isEqualTo("b");
        assertThat(json.at("/cases/1/family").asText()).isEqualTo("lora-linear");
        assertThat(json.at("/cases/1/status").asText()).isEqualTo("failed");
        assertThat(json.at("/cases/1/reason").asText()).isEqualTo("why");
        assertThat(json.at("/cases/1/checks/0/maxError").asDouble()).isEqualTo(0.5);
        assertThat(json.at("/cases/1/checks/0/problem").asText()).startsWith("output");
        assertThat(json.at("/cases/0/checks/0/comparisons").asInt()).isEqualTo(2);
    }
}
