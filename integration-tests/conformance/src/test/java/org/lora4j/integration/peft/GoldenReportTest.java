/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

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
}
