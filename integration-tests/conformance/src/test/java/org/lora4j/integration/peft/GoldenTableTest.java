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

class GoldenTableTest {

    private static final GoldenTable TABLE = new GoldenTable(List.of(
            new GoldenTable.Column(
                    "One",
                    new GoldenReport(List.of(
                            result("a", Status.PASSED, new Check("y_base", 2, 1e-7, null)),
                            result("long-name", Status.PASSED, new Check("y_base", 1, 0.5, "element 0")),
                            result("c", Status.UNSUPPORTED)))),
            new GoldenTable.Column(
                    "Two",
                    new GoldenReport(List.of(
                            result("a", Status.UNSUPPORTED),
                            result("long-name", Status.FAILED, new Check("y_base", 1, 0.25, "element 1")),
                            result("c", Status.UNSUPPORTED))))));

    private static CaseResult result(String name, Status status, Check... checks) {
        return new CaseResult(name, "lora-linear", Path.of("cases", name), status, List.of(checks), "why");
    }

    @Test
    void summary_countsACaseAsFailedThatFailedAnywhere() {
        assertThat(TABLE.summary()).isEqualTo("1 passed, 1 failed, 1 unsupported");
    }

    @Test
    void text_hasAColumnAndTheCountsOfEachHost() {
        assertThat(TABLE.text()).isEqualTo("""
                case       One          Two
                a          passed       unsupported
                long-name  passed       failed
                c          unsupported  unsupported
                One: 2 passed, 0 failed, 1 unsupported
                Two: 0 passed, 1 failed, 2 unsupported""");
    }

    @Test
    void write_givesCountsAndChecksOfEveryCaseInEveryHost(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("below/report.json");

        TABLE.write(file);

        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.get("passed").asInt()).isEqualTo(1);
        assertThat(json.at("/cases/1/case").asText()).isEqualTo("long-name");
        assertThat(json.at("/cases/1/family").asText()).isEqualTo("lora-linear");
        assertThat(json.at("/cases/1/status").asText()).isEqualTo("passed");
        assertThat(json.at("/cases/1/reason").asText()).isEqualTo("why");
        assertThat(json.at("/cases/1/checks/0/maxError").asDouble()).isEqualTo(0.5);
        assertThat(json.at("/cases/1/checks/0/problem").asText()).isEqualTo("element 0");
        assertThat(json.at("/cases/0/checks/0/comparisons").asInt()).isEqualTo(2);
        assertThat(json.at("/cases/1/hosts/Two/status").asText()).isEqualTo("failed");
        assertThat(json.at("/cases/1/hosts/Two/checks/0/problem").asText()).isEqualTo("element 1");
    }
}
