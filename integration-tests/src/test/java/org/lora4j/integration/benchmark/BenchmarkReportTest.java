/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarkReportTest {

    private final Locale before = Locale.getDefault();

    private final List<Contender> contenders = List.of(
            new Contender("bound", "the bound", List::of),
            new Contender("lora", "LoRA", List::of),
            new Contender("stockFit", "stock", List::of));

    // Medians: LoRA 1.5 s over bound 0.5 s is 3, over stock 2 s is 0.75; fastest: 1 over 0.25 is 4, over 2 is 0.5.
    private final BenchmarkReport report = new BenchmarkReport(
            Map.of("processor", "a processor"),
            contenders,
            Map.of(
                    "bound", Timing.of(List.of(0.5, 0.25, 1.0)),
                    "lora", Timing.of(List.of(1.0, 2.0, 1.5)),
                    "stockFit", Timing.of(List.of(2.0, 3.0))),
            5e10);

    @BeforeEach
    void speakRoot() {
        Locale.setDefault(Locale.ROOT);
    }

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    @Test
    void text_saysWhichClaimsTheMediansReach() {
        assertThat(report.text().lines())
                .contains(
                        "LoRA step / stock full step through fit = 0.75 (at most 0.5: not reached)",
                        "LoRA step / bound = 3.00 (at most 4: reached)",
                        "Of the fastest steps: 0.50 4.00");
    }

    @Test
    void text_hasALineForEveryContender() {
        assertThat(report.text())
                .containsPattern("the bound +250 +500 +1\\.00")
                .containsPattern("LoRA +1000 +1500 +3\\.00")
                .containsPattern("stock +2000 +2000 +4\\.00")
                .contains("100 GFLOP/s");
    }

    @Test
    void write_hasTimesRatiosAndTheMachine(@TempDir Path directory) throws IOException {
        report.write(directory.resolve("report.json"));

        JsonNode json =
                new ObjectMapper().readTree(directory.resolve("report.json").toFile());
        assertThat(json.at("/machine/processor").asText()).isEqualTo("a processor");
        assertThat(json.at("/seconds/lora/median").asDouble()).isEqualTo(1.5);
        assertThat(json.at("/seconds/stockFit/measurements").asInt()).isEqualTo(2);
        assertThat(json.at("/ratios/loraOverStockFull/value").asDouble()).isEqualTo(0.75);
        assertThat(json.at("/ratios/loraOverStockFull/reached").asBoolean()).isFalse();
        assertThat(json.at("/ratios/loraOverBound/reached").asBoolean()).isTrue();
    }
}
