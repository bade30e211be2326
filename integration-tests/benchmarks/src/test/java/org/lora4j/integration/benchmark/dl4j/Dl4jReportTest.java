/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Dl4jReportTest {

    private final Locale before = Locale.getDefault();

    // Turn by turn 4/2, 1/1 and 9/1: the median is 2; 8 ms over 8 ms is 1; 9 over 10 is 0.9; output 12 over 10 is 1.2.
    private final Run run = new Run(
            Map.of("processor", "a processor"),
            Map.of(
                    Model.MLP_256,
                    Map.of(
                            Contender.STOCK_STEP, List.of(0.004, 0.001, 0.009),
                            Contender.LORA_STEP, List.of(0.002, 0.001, 0.001),
                            Contender.STOCK_OUTPUT, List.of(0.010),
                            Contender.ACTIVE_OUTPUT, List.of(0.012)),
                    Model.MLP_32,
                    Map.of(Contender.STOCK_STEP, List.of(0.008), Contender.LORA_STEP, List.of(0.008)),
                    Model.LSTM,
                    Map.of(Contender.STOCK_STEP, List.of(0.010), Contender.LORA_STEP, List.of(0.009))),
            Map.of(Model.LSTM, Map.of(Contender.LORA_STEP, Map.of("updates", 0.25, "rest", 0.75))));

    private final Dl4jReport report = new Dl4jReport(Map.of("plain", run), "0.10 before", OptionalDouble.empty());

    @BeforeEach
    void speakRoot() {
        Locale.setDefault(Locale.ROOT);
    }

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    private List<String> rowsWith(String figure) {
        return report.markdown().lines().filter(line -> line.contains(figure)).toList();
    }

    @Test
    void markdown_speedup_isReachedAtTheTargetOrAbove() {
        assertThat(rowsWith("stock Adam step / LoRA step, in view"))
                .containsExactly(
                        "| MLP 784-2048-2048-10, batch 256 | stock Adam step / LoRA step, in view | >= 1.8 | 2.00 reached |",
                        "| MLP 784-2048-2048-10, batch 32 | stock Adam step / LoRA step, in view | >= 1.8 | 1.00 not reached |");
    }

    @Test
    void markdown_ratio_isReachedAtTheTargetOrBelow() {
        assertThat(rowsWith("| LoRA step / stock step | <= 0.9"))
                .singleElement(InstanceOfAssertFactories.STRING)
                .endsWith("| 0.90 reached |");
        assertThat(rowsWith("output, active adapter / base").get(0)).endsWith("| 1.20 not reached |");
    }

    @Test
    void markdown_whatTookNoPart_isNotMeasured() {
        assertThat(rowsWith("low memory")).hasSize(3).allMatch(row -> row.endsWith("| not measured |"));
    }

    @Test
    void markdown_hasTimesMachineLoadAndProfile() {
        assertThat(report.markdown())
                .contains("stock Adam, step | 4.00 (1.00) |", "* processor: a processor", "Load average: 0.10 before")
                .containsPattern("LoRA in view, step: .*updates 25 %");
    }

    @Test
    void write_hasFiguresAndEveryTurn(@TempDir Path folder) throws IOException {
        report.write(folder.resolve("report.json"), folder.resolve("report.md"));

        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        JsonNode first = json.at("/builds/plain/figures/0");
        assertThat(first.at("/value").asDouble()).isEqualTo(2.0);
        assertThat(first.at("/verdict").asText()).isEqualTo("reached");
        assertThat(json.at("/builds/plain/run/seconds/MLP_256/STOCK_STEP").size())
                .isEqualTo(3);
        assertThat(Files.readString(folder.resolve("report.md"))).isEqualTo(report.markdown());
    }

    @Test
    void run_readBack_isTheSame() throws IOException {
        ObjectMapper json = new ObjectMapper();

        assertThat(json.readValue(json.writeValueAsString(run), Run.class)).isEqualTo(run);
    }
}
