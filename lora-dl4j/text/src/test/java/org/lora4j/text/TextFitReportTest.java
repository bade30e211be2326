/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.error.CorruptAdapterException;

class TextFitReportTest {

    private static final Path FILE = Path.of("lora4j_text.json");

    private static Map<String, Object> earlier() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("trained", 80);
        fields.put("validated", 20);
        fields.put("learning_rate", 0.002);
        fields.put("cost", 100.0);
        fields.put("metric", "accuracy");
        fields.put("higher_is_better", true);
        fields.put("before", 0.75);
        fields.put("after", 0.8);
        fields.put("start_kept", false);
        fields.put("notes", List.of("a text was cut"));
        fields.put("total_seconds", 12.5);
        return fields;
    }

    @Test
    void read_takesReportsOfEarlierFiles_andWritesThemAsTodays() throws IOException {
        TextFitReport report = TextFitReport.read(FILE, earlier());

        assertThat(report.trained()).isEqualTo(80);
        assertThat(report.validated()).isEqualTo(20);
        assertThat(report.cost()).isEqualTo(100);
        assertThat(report.after()).hasValue(0.8);
        assertThat(report.notes()).containsExactly("a text was cut");
        assertThat(TextFitReport.read(FILE, report.fields())).isEqualTo(report);
    }

    @Test
    void read_refusesAnEarlierReport_whichIsDamaged() {
        Map<String, Object> fields = earlier();
        fields.put("trained", "many");

        assertThatThrownBy(() -> TextFitReport.read(FILE, fields))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("train");
    }
}
